//! What commands print: JSON for machines, tables for people.

use serde_json::Value;

/// One line of JSON.
pub(super) fn print_json(value: &Value) {
    println!("{value}");
}

/// A value as a word: nothing for null.
pub(super) fn word(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A column per field, under the field's name.
pub(super) fn print_table(columns: &[&str], rows: &[Value]) {
    for line in table(columns, rows) {
        println!("{line}");
    }
}

fn table(columns: &[&str], rows: &[Value]) -> Vec<String> {
    let head = columns.iter().map(|name| (*name).to_owned()).collect();
    let cells = rows.iter().map(|row| columns.iter().map(|name| word(&row[*name])).collect());
    let lines: Vec<Vec<String>> = std::iter::once(head).chain(cells).collect();
    let width =
        |at: usize| lines.iter().map(|line: &Vec<String>| line[at].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let padded = |line: &Vec<String>| {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines.iter().map(padded).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_null_is_empty() {
        let rows = [json!({"id": "a", "name": "Zoë", "n": 1}), json!({"id": "long", "name": null, "n": 2})];
        assert_eq!(table(&["id", "name", "n"], &rows), ["id    name  n", "a     Zoë   1", "long        2"]);
    }
}
