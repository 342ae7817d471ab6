//! Files that people open in a spreadsheet.

use crate::actions::imports::rejects::push_cell;

/// A spreadsheet runs what begins like this; behind an apostrophe it is text.
pub fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

/// Adds one row of cells that no spreadsheet runs.
pub fn push_row<'a>(text: &mut String, cells: impl IntoIterator<Item = &'a str>) {
    for (index, cell) in cells.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        push_cell(text, &harmless(cell.to_owned()));
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_run_and_none_breaks_out_of_its_place() {
        let mut text = String::new();
        push_row(&mut text, ["=1+1", "+14155550123", "a,b", "say \"hi\"", "@x", "two\nlines", "-5", "plain"]);
        assert_eq!(text, "'=1+1,'+14155550123,\"a,b\",\"say \"\"hi\"\"\",'@x,\"two\nlines\",'-5,plain\r\n");
    }
}
