//! `/htmlfile`: each frame is a script in a page that never ends. The page has more than 1 KiB before the first, since some
//! browsers begin with no less.

use super::{Coding, Kind, Wire};

/// What is before the name of the callback, and after it.
const PAGE: [&str; 2] = [
    r#"<!doctype html>
<html><head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
</head><body><h2>Don't panic!</h2>
  <script>
    document.domain = document.domain;
    var c = parent."#,
    r#";
    c.start();
    function p(d) {c.message(d);};
    window.onload = function() {c.stop();};
  </script>
"#,
];
/// The page with its padding.
const PAGE_BYTES: usize = 1025;

pub(super) fn wire(callback: &str) -> Wire {
    let [before, after] = PAGE;
    let page = format!("{before}{callback}{after}");
    Wire {
        kind: Kind::Stream,
        content_type: "text/html; charset=UTF-8",
        prelude: format!("{page:PAGE_BYTES$}\r\n\r\n"),
        before: "<script>\np(".to_owned(),
        after: ");\n</script>\r\n",
        coding: Coding::Script,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_padded_beyond_a_kibibyte() {
        for callback in ["c", &"c".repeat(256)] {
            let prelude = wire(callback).prelude;
            assert!(prelude.len() > 1024, "{}", prelude.len());
            assert!(prelude.trim_end().ends_with("</script>") && prelude.contains(&format!("parent.{callback};")));
        }
    }
}
