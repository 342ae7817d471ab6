//! Files of prospects: every row has an answer, on both databases, whatever happens on the way.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on stops; the lint knows only functions marked as tests"
)]

mod files;
mod http;
mod large;
mod numbers;
mod pages;
mod statistics;
mod stopped;
mod undo;
mod workbooks;
mod world;

use domain::phone_number::PhoneNumber;
use domain::prospect::ProspectStatus;
use prospectai::actions::imports::{ImportLimits, ImportOptions, ImportRefused};
use prospectai::store::imports::ImportStatus;

use world::{World, on_both};

/// What becomes of each line of `examples/messy.csv`; lines that are not named are added.
const MESSY: &[(u64, &str)] = &[
    (7, "invalid_number"),
    (8, "invalid_number"),
    (9, "invalid_number"),
    (10, "invalid_number"),
    (11, "invalid_number"),
    (12, "invalid_number"),
    (13, "merged"),
    (14, "merged"),
    (15, "looks_like_spreadsheet_number"),
    (16, "looks_like_spreadsheet_number"),
    (17, "invalid_number"),
    (18, "invalid_number"),
    (19, "invalid_number"),
    (20, "invalid_number"),
    (21, "invalid_number"),
    (22, "invalid_number"),
    (23, "destination_forbidden"),
    (24, "destination_forbidden"),
    // 555 is given out to nobody in the Bahamas.
    (25, "invalid_number"),
    (26, "destination_not_enabled"),
    // A line break in two cells of line 29 puts the rest two lines further down.
    (42, "invalid_email"),
    (43, "too_long"),
    (44, "wrong_cell_count"),
    (45, "wrong_cell_count"),
    (46, "invalid_number"),
];

#[tokio::test]
async fn every_row_of_the_messy_file_ends_in_its_bucket() {
    on_both(async |world: World| {
        let messy = include_str!("../../../examples/messy.csv");
        let import = world.import(messy).await;
        assert_eq!((import.status, import.rows), (ImportStatus::Completed, 43));
        assert_eq!(import.rows, import.added + import.merged + import.rejected);
        assert_eq!(import.bytes_read, import.bytes);
        let expected = MESSY.iter().filter(|(_, code)| *code != "merged");
        let expected: Vec<String> = expected.map(|(line, code)| format!("{line} {code}")).collect();
        assert_eq!(world.rejects(&import).await, expected);
        assert_eq!(import.merged, 2);

        let formula = world.prospect("+16175550120").await;
        assert_eq!(formula.first_name, "=HYPERLINK(\"http://example.com\")");
        assert_eq!(world.prospect("+16175550128").await.first_name, "<b>Bruno</b>");
        assert_eq!(world.prospect("+16175550129").await.first_name, "{{firstName}}");
        assert_eq!(world.prospect("+16175550117").await.company, "Cedar, Stone and Sons");
        let lines = world.prospect("+16175550119").await;
        assert_eq!(lines.company, "Harbor Foods Second floor");
        assert!(lines.metadata.contains("a line break\\ninside a cell"), "{}", lines.metadata);
        assert_eq!(world.prospect("+16175550101").await.first_name, "Ben");
    })
    .await;
}

#[tokio::test]
async fn the_same_file_again_adds_nobody() {
    on_both(async |world: World| {
        let messy = include_str!("../../../examples/messy.csv");
        let first = world.import(messy).await;
        let people = world.people().await;
        let again = world.import(messy).await;
        assert_eq!((again.added, again.merged), (0, first.added + first.merged));
        assert_eq!(again.rejected, first.rejected);
        assert_eq!(world.people().await, people);
    })
    .await;
}

#[tokio::test]
async fn gaps_are_filled_and_what_is_known_stays() {
    on_both(async |world: World| {
        world.import("phone,first name,city\n+16175550100,Ada,\n+16175550101,,Bonn\n").await;
        let mut called = world.prospect("+16175550100").await;
        called.status = ProspectStatus::Waiting;
        called.attempts = 2;
        world.save(called).await;
        let file = "phone;first name;last name;city\n6175550100;Eve;Abbott;Ulm\n+16175550101;Ben;;Ulm\n6175550101;Bob;Bell;\n";
        let import = world.import(file).await;
        assert_eq!((import.added, import.merged, import.rejected), (0, 3, 0));
        let ada = world.prospect("+16175550100").await;
        assert_eq!((ada.first_name.as_str(), ada.last_name.as_str()), ("Ada", "Abbott"));
        assert_eq!(ada.metadata, r#"{"city":"Ulm"}"#);
        assert_eq!((ada.status, ada.attempts), (ProspectStatus::Waiting, 2));
        let ben = world.prospect("+16175550101").await;
        assert_eq!((ben.first_name.as_str(), ben.last_name.as_str()), ("Ben", "Bell"));
        assert_eq!(ben.metadata, r#"{"city":"Bonn"}"#);
    })
    .await;
}

#[tokio::test]
async fn numbers_on_the_do_not_call_list_come_in_as_such() {
    on_both(async |world: World| {
        let listed = PhoneNumber::from_e164_unchecked("+16175550100".into());
        world.actions.add_do_not_call(world.actor.clone(), listed, "api", String::new()).await.unwrap();
        let import = world.import("Tel\n+16175550100\n+16175550101\n").await;
        assert_eq!((import.added, import.merged, import.rejected), (2, 0, 0));
        let never = world.prospect("+16175550100").await;
        assert_eq!((never.status, never.due_at), (ProspectStatus::DoNotCall, None));
        let ready = world.prospect("+16175550101").await;
        assert_eq!((ready.status, ready.due_at.is_some()), (ProspectStatus::Ready, true));
    })
    .await;
}

#[tokio::test]
async fn a_second_import_into_the_same_campaign_waits_its_turn() {
    on_both(async |world: World| {
        world.pretend_an_import_runs().await;
        let refused = world.start("phone\n+16175550100\n").await.unwrap_err();
        assert!(matches!(refused, ImportRefused::AlreadyRunning), "{refused}");
        assert!(world.people().await.is_empty());
        world.a_server_starts().await;
        assert_eq!(world.import("phone\n+16175550100\n").await.added, 1);
    })
    .await;
}

#[tokio::test]
async fn too_many_broken_rows_stop_the_import_and_bad_numbers_do_not() {
    on_both(async |world: World| {
        let bad_numbers = format!("phone,name\n{}", "12,x\n".repeat(30));
        let broken = format!("phone,name\n+16175550100,Ada\n{}+16175550101,Ben\n", "12,x,y\n".repeat(30));
        let limits = ImportLimits { malformed: 20, ..ImportLimits::default() };
        let options = || ImportOptions { mapping: None, limits };
        let finished = world.import_with(&bad_numbers, options()).await;
        assert_eq!((finished.status, finished.rejected), (ImportStatus::Completed, 30));
        let stopped = world.import_with(&broken, options()).await;
        assert_eq!(stopped.status, ImportStatus::Failed);
        assert_eq!((stopped.rows, stopped.added, stopped.rejected), (22, 1, 21));
        assert!(stopped.problem.unwrap().contains("stopped after 22 rows: 1 were added"));
    })
    .await;
}

#[tokio::test]
async fn a_campaign_of_another_workspace_takes_nothing() {
    on_both(async |mut world: World| {
        world.actor.workspace = domain::ids::WorkspaceId::from_uuid(uuid::Uuid::from_u128(7));
        let refused = world.start("phone\n+16175550100\n").await.unwrap_err();
        assert!(matches!(refused, ImportRefused::NoSuchCampaign), "{refused}");
    })
    .await;
}

#[tokio::test]
async fn a_mapping_says_what_the_columns_are() {
    on_both(async |world: World| {
        let mapping =
            [("Rufnummer", "phone"), ("Vorname", "firstName"), ("intern", "ignore"), ("Ort", "city")];
        let mapping =
            mapping.into_iter().map(|(column, field)| (column.to_owned(), field.to_owned())).collect();
        let options = ImportOptions { mapping: Some(mapping), ..ImportOptions::default() };
        let file = "Rufnummer\tVorname\tintern\tOrt\n+16175550100\tAda\tx\tBonn\n";
        assert_eq!(world.import_with(file, options).await.added, 1);
        let ada = world.prospect("+16175550100").await;
        assert_eq!((ada.first_name.as_str(), ada.metadata.as_str()), ("Ada", r#"{"city":"Bonn"}"#));
    })
    .await;
}
