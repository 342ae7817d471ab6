//! Files of numbers that must never be rung: every row has an answer, and the list is whole at the end.

use domain::phone_number::Region;
use domain::prospect::ProspectStatus;
use prospectai::actions::imports::{ImportRefused, NumbersListed};

use super::world::{World, file_of, on_both};
use crate::support::workbook::Cell::{Number, Text};
use crate::support::workbook::workbook;

async fn list(world: &World, content: &[u8]) -> Result<NumbersListed, ImportRefused> {
    let region = Region::parse("US").ok();
    let (actor, file) = (world.actor.clone(), file_of(content));
    world.actions.import_do_not_call(actor, file, region, "asked".to_owned()).await
}

fn totals(listed: &NumbersListed) -> (u64, u64, u64, u64) {
    (listed.rows, listed.added, listed.known, listed.rejected)
}

#[tokio::test]
async fn every_number_of_a_file_is_listed_and_nobody_with_it_is_rung() {
    on_both(async |world: World| {
        world.import("phone\n+16175550100\n+16175550101\n").await;
        let many: String = (200..800).map(|n| format!("x;+1617{n}0199\n")).collect();
        let file = format!("Name;Telephone\nAda;617 555 0100\n;6175550100\nEve;none\nonly one\n{many}");
        let listed = list(&world, file.as_bytes()).await.unwrap();
        assert_eq!(totals(&listed), (604, 601, 1, 2));
        let lines: Vec<String> =
            listed.rejects.iter().map(|reject| format!("{} {}", reject.line, reject.code)).collect();
        assert_eq!(lines, ["4 invalid_number", "5 wrong_cell_count"]);
        assert_eq!(world.prospect("+16175550100").await.status, ProspectStatus::DoNotCall);
        assert_eq!(world.prospect("+16175550101").await.status, ProspectStatus::Ready);
        assert_eq!(totals(&list(&world, file.as_bytes()).await.unwrap()), (604, 0, 602, 2));
        assert_eq!(world.actions.store.count_do_not_call(world.actor.workspace).await.unwrap(), 601);
    })
    .await;
}

#[tokio::test]
async fn a_plain_list_and_a_workbook_need_no_names() {
    let world = World::on_sqlite().await;
    assert_eq!(totals(&list(&world, b"+16175550100\n+16175550101\n").await.unwrap()), (2, 2, 0, 0));
    assert_eq!(totals(&list(&world, b"+16175550100\n").await.unwrap()), (1, 0, 1, 0));
    let book = workbook(&[vec![Text("x"), Number("16175550102")], vec![Text("y"), Number("16175550103")]]);
    assert_eq!(totals(&list(&world, &book).await.unwrap()), (2, 2, 0, 0));
    let refused = list(&world, b"name,city\nAda,Bonn\n").await.unwrap_err();
    assert!(refused.to_string().contains("found: name, city"), "{refused}");
    let many = "+16175550100\n".repeat(100_001);
    let refused = list(&world, many.as_bytes()).await.unwrap_err();
    assert!(matches!(refused, ImportRefused::TooManyRows { limit: 100_000 }), "{refused}");
}
