//! Lists that are read a page at a time.

/// Rows of a page.
const FULL: usize = 50;
/// What is read for a page: one row more says whether there is a next one.
pub(super) const TO_READ: i64 = FULL as i64 + 1;

/// Of the rows that were read, those of the page, and whether others follow.
pub(super) fn page_of<T>(mut rows: Vec<T>) -> (Vec<T>, bool) {
    let others_follow = rows.len() > FULL;
    rows.truncate(FULL);
    (rows, others_follow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_fills_its_page_exactly_has_no_next_one() {
        assert_eq!(TO_READ, 51);
        for (read, shown, others_follow) in [(0, 0, false), (50, 50, false), (51, 50, true)] {
            let (page, follow) = page_of(vec![(); read]);
            assert_eq!((page.len(), follow), (shown, others_follow), "{read}");
        }
    }
}
