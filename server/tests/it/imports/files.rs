//! Files that are refused as a whole, and rows that are refused one by one: what the contract promises of each.

use prospectai::actions::imports::{ImportLimits, ImportOptions};
use prospectai::store::imports::ImportStatus;

use super::world::{World, file_of, on_both};

/// The name of the refusal, as the contract has it.
async fn refusal(world: &World, content: &[u8], limits: ImportLimits) -> String {
    let options = ImportOptions { mapping: None, limits };
    let refused =
        world.actions.start_import(world.actor.clone(), world.campaign, file_of(content), options).await;
    prospectai::http::Problem::from(refused.unwrap_err()).code().to_owned()
}

#[tokio::test]
async fn a_file_that_cannot_be_imported_is_refused_and_nothing_is_added() {
    on_both(async |world: World| {
        let small = ImportLimits { bytes: 1_000, rows: 2, ..ImportLimits::default() };
        let many_columns = (0..10_000).map(|n| format!("c{n},")).collect::<String>() + "phone\n1\n";
        let utf16: Vec<u8> = "\u{feff}phone\n1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (content, limits, code) in [
            (&b""[..], ImportLimits::default(), "csv_header"),
            (b"phone,name\n", ImportLimits::default(), "csv_header"),
            (b"name,city\nAda,Bonn\n", ImportLimits::default(), "csv_header"),
            (b"phone,Name,name\n+16175550100,a,b\n", ImportLimits::default(), "csv_header"),
            (many_columns.as_bytes(), ImportLimits::default(), "csv_header"),
            (&utf16, ImportLimits::default(), "encoding"),
            (b"phone,name\n+16175550100,Zo\xeb\n", ImportLimits::default(), "encoding"),
            (b"phone\n+16175550100\n+16175550101\n+16175550102\n", small, "too_many_rows"),
            (&[b'x'; 1_001], small, "body_too_large"),
        ] {
            assert_eq!(
                refusal(&world, content, limits).await,
                code,
                "{:?}",
                &content[..content.len().min(40)]
            );
        }
        assert!(world.people().await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn rows_that_cannot_be_read_cost_themselves_only() {
    on_both(async |world: World| {
        let cell = "x".repeat(5_000);
        let endless = "y".repeat(1_000_000);
        let file = format!(
            "\u{feff}phone,name\r\n+16175550100,\"open\r\n+16175550101,a,b\r\n+16175550102,N\0L\r\n+16175550103,{cell}\r\n\
             {endless}\r\n'+16175550104,x\r\n1.55512E+10,x\r\n+16175550105,Ada\u{202e}\r\n+16175550106,last"
        );
        let import = world.import(&file).await;
        assert_eq!(import.status, ImportStatus::Completed);
        assert_eq!((import.rows, import.added, import.merged, import.rejected), (9, 1, 0, 8));
        let expected = [
            "2 broken_quotes",
            "3 wrong_cell_count",
            "4 nul_character",
            "5 cell_too_long",
            "6 row_too_long",
            "7 looks_like_spreadsheet_number",
            "8 looks_like_spreadsheet_number",
            "9 forbidden_character",
        ];
        assert_eq!(world.rejects(&import).await, expected);
        assert_eq!(world.people().await[0].metadata, r#"{"name":"last"}"#);
    })
    .await;
}
