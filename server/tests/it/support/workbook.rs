//! Workbooks (.xlsx) as spreadsheets write them, and as nobody should.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A cell of the first sheet.
pub enum Cell<'a> {
    Text(&'a str),
    /// A number as it is stored, and whether it is dressed as a date.
    Number(&'a str),
    Date(&'a str),
    /// What a formula gave when it was last run.
    Formula(&'a str, &'a str),
    Nothing,
}

/// A workbook with one sheet.
pub fn workbook(rows: &[Vec<Cell<'_>>]) -> Vec<u8> {
    let (mut texts, mut sheet) = (Vec::new(), String::new());
    for (row, cells) in rows.iter().enumerate() {
        sheet.push_str(&format!("<row r=\"{}\">", row + 1));
        for (column, cell) in cells.iter().enumerate() {
            let place = format!("{}{}", char::from(b'A' + column as u8), row + 1);
            sheet.push_str(&match cell {
                Cell::Text(text) => {
                    texts.push(format!("<si><t xml:space=\"preserve\">{}</t></si>", escaped(text)));
                    format!("<c r=\"{place}\" t=\"s\"><v>{}</v></c>", texts.len() - 1)
                }
                Cell::Number(number) => format!("<c r=\"{place}\"><v>{number}</v></c>"),
                Cell::Date(number) => format!("<c r=\"{place}\" s=\"1\"><v>{number}</v></c>"),
                Cell::Formula(formula, gave) => {
                    format!(
                        "<c r=\"{place}\" t=\"str\"><f>{}</f><v>{}</v></c>",
                        escaped(formula),
                        escaped(gave)
                    )
                }
                Cell::Nothing => String::new(),
            });
        }
        sheet.push_str("</row>");
    }
    let texts = format!("<sst count=\"1\" uniqueCount=\"{}\">{}</sst>", texts.len(), texts.concat());
    packed(&[
        ("xl/sharedStrings.xml", texts.as_bytes()),
        ("xl/worksheets/sheet1.xml", in_sheet(&sheet).as_bytes()),
    ])
}

/// The inside of a sheet made whole.
pub fn in_sheet(rows: &str) -> String {
    format!("<?xml version=\"1.0\"?><worksheet><sheetData>{rows}</sheetData></worksheet>")
}

/// These parts and those that every workbook has.
pub fn packed(parts: &[(&str, &[u8])]) -> Vec<u8> {
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
    const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let root = format!(
        "<Relationships xmlns=\"{PACKAGE}\"><Relationship Id=\"r1\" Type=\"{OFFICE}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
    );
    let book = format!(
        "<workbook xmlns:r=\"{OFFICE}\"><sheets><sheet name=\"People\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
    );
    let inside = format!(
        "<Relationships xmlns=\"{PACKAGE}\"><Relationship Id=\"r1\" Type=\"{OFFICE}/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>"
    );
    let styles =
        "<styleSheet><cellXfs count=\"2\"><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>";
    let usual = [
        ("_rels/.rels", root.as_bytes()),
        ("xl/workbook.xml", book.as_bytes()),
        ("xl/_rels/workbook.xml.rels", inside.as_bytes()),
        ("xl/styles.xml", styles.as_bytes()),
    ];
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in usual.iter().chain(parts) {
        archive.start_file(*name, SimpleFileOptions::default()).expect("a part");
        archive.write_all(content).expect("a part");
    }
    archive.finish().expect("an archive").into_inner()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
