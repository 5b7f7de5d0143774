//! Lists that are read one page at a time.

const PAGE_SIZE: usize = 50;
/// The rows to read for a page. The extra row shows whether another page follows.
pub(super) const TO_READ: i64 = PAGE_SIZE as i64 + 1;

/// The rows of the page, and whether another page follows.
pub(super) fn page_of<T>(mut rows: Vec<T>) -> (Vec<T>, bool) {
    let others_follow = rows.len() > PAGE_SIZE;
    rows.truncate(PAGE_SIZE);
    (rows, others_follow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_fills_its_page_exactly_has_no_next_page() {
        assert_eq!(TO_READ, 51);
        for (read, shown, others_follow) in [(0, 0, false), (50, 50, false), (51, 50, true)] {
            let (page, follow) = page_of(vec![(); read]);
            assert_eq!((page.len(), follow), (shown, others_follow), "{read}");
        }
    }
}
