//! A table in Markdown.

use std::fmt;

/// A table: some columns of text, and then columns of numbers.
#[derive(Clone, Debug)]
pub(super) struct Table {
    texts: usize,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new<const TEXTS: usize, const NUMBERS: usize>(
        texts: [&str; TEXTS],
        numbers: [&str; NUMBERS],
    ) -> Self {
        let head = texts.iter().chain(&numbers).map(|name| (*name).to_owned()).collect();
        Self { texts: TEXTS, rows: vec![head] }
    }

    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    /// Nothing is shown of a table without rows.
    fn is_empty(&self) -> bool {
        self.rows.len() < 2
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return writeln!(f, "Not measured.");
        }
        for (index, row) in self.rows.iter().enumerate() {
            writeln!(f, "| {} |", row.join(" | "))?;
            if index == 0 {
                let numbers = row.len().saturating_sub(self.texts);
                writeln!(f, "|{}{}", "---|".repeat(self.texts), "---:|".repeat(numbers))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_head_a_line_and_rows() {
        let mut table = Table::new(["what"], ["ms", "x"]);
        assert_eq!(table.to_string(), "Not measured.\n");
        table.row(["hub".to_owned(), "1".to_owned(), "2".to_owned()]);
        assert_eq!(table.to_string(), "| what | ms | x |\n|---|---:|---:|\n| hub | 1 | 2 |\n");
    }
}
