//! Workbooks: read as their sheet shows them, and unpacked with care.

use prospectai::actions::imports::{ImportOptions, ImportRefused, WorkbookRefused};
use prospectai::store::imports::ImportStatus;

use super::world::{World, file_of, on_both};
use crate::support::workbook::Cell::{Date, Formula, Nothing, Number, Text};
use crate::support::workbook::{in_sheet, packed, workbook};

#[tokio::test]
async fn a_workbook_comes_in_as_its_first_sheet_shows_it() {
    on_both(async |world: World| {
        let book = workbook(&[
            vec![Text("Phone"), Text("First name"), Text("Since"), Text("Notes; and more")],
            vec![Number("16175550100"), Text("Ada"), Date("46082"), Text("a, \"b\"; c\nd")],
            vec![Number("1.6175550101E10"), Formula("1+1", "=2"), Date("46082.5")],
            vec![],
            vec![Nothing, Text("Nobody")],
            vec![Text("+1 617-555-0102")],
        ]);
        let import = world.import_file(file_of(&book), ImportOptions::default()).await;
        assert_eq!((import.status, import.rows), (ImportStatus::Completed, 4));
        assert_eq!((import.added, import.merged, import.rejected), (3, 0, 1));
        assert_eq!(world.rejects(&import).await, ["6 invalid_number"], "a break in a cell is a line too");
        let ada = world.prospect("+16175550100").await;
        assert_eq!(ada.metadata, r#"{"Notes; and more":"a, \"b\"; c\nd","Since":"2026-03-01"}"#);
        let ben = world.prospect("+16175550101").await;
        assert_eq!(
            (ben.first_name.as_str(), ben.metadata.as_str()),
            ("=2", r#"{"Since":"2026-03-01T12:00:00"}"#)
        );
        let again = world.import_file(file_of(&book), ImportOptions::default()).await;
        assert_eq!((again.added, again.merged, again.rejected), (0, 3, 1));
    })
    .await;
}

#[tokio::test]
async fn what_is_no_list_of_people_is_refused_before_it_costs_anything() {
    let world = World::on_sqlite().await;
    let zeros = vec![0; 129 * 1024 * 1024];
    let promise = b"<sst uniqueCount=\"99999999999999\"><si><t>x</t></si></sst>";
    let far = in_sheet("<row r=\"4000000000\"><c r=\"A4000000000\"><v>1</v></c></row>");
    let wide = in_sheet("<row r=\"1\"><c r=\"ZZZZZZ1\"><v>1</v></c></row>");
    let backwards =
        in_sheet("<row r=\"2\"><c r=\"A2\"><v>1</v></c></row><row r=\"1\"><c r=\"A1\"><v>1</v></c></row>");
    let dimension = "<worksheet><dimension ref=\"B2:A1\"/><sheetData/></worksheet>";
    let sheet = "xl/worksheets/sheet1.xml";
    for (content, why) in [
        (packed(&[("xl/media/huge.png", &zeros)]), WorkbookRefused::TooMuch),
        (packed(&[("xl/sharedStrings.xml", promise)]), WorkbookRefused::Unreadable),
        (packed(&[(sheet, far.as_bytes())]), WorkbookRefused::Unreadable),
        (packed(&[(sheet, wide.as_bytes())]), WorkbookRefused::Unreadable),
        (packed(&[(sheet, backwards.as_bytes())]), WorkbookRefused::Unreadable),
        (packed(&[(sheet, dimension.as_bytes())]), WorkbookRefused::Unreadable),
        (packed(&[]), WorkbookRefused::Unreadable),
        (b"PK\x03\x04 and nothing that was packed".to_vec(), WorkbookRefused::Unreadable),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 an old one".to_vec(), WorkbookRefused::OldOrProtected),
    ] {
        let (file, options) = (file_of(&content), ImportOptions::default());
        let refused = world.actions.start_import(world.actor.clone(), world.campaign, file, options).await;
        let refused = refused.unwrap_err();
        assert!(matches!(refused, ImportRefused::Workbook(it) if it == why), "{why:?} expected: {refused:?}");
    }
    assert!(world.people().await.is_empty());
}
