//! A page of HTML that stands alone: no script, no network, printed on A4. Text is escaped where it comes in.

use std::fmt::Write as _;

/// The look of a page; grey survives, and colours are those of the plots.
const STYLE: &str = include_str!("page.css");

/// A text as HTML.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // What no text has (control characters) would make the page unreadable.
            c if c.is_control() && !"\n\t".contains(c) => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}

/// A page being written.
#[derive(Debug, Clone, Default)]
pub struct Page {
    body: String,
    contents: Vec<(String, String)>,
}

impl Page {
    /// Begins a section; it stands in the list of contents.
    pub fn section(&mut self, id: &str, title: &str) {
        self.contents.push((id.into(), title.into()));
        let _ = writeln!(self.body, "<h2 id=\"{id}\">{}</h2>", escaped(title));
    }

    /// A heading within a section.
    pub fn heading(&mut self, title: &str) {
        let _ = writeln!(self.body, "<h3>{}</h3>", escaped(title));
    }

    /// A paragraph.
    pub fn paragraph(&mut self, text: &str) {
        let _ = writeln!(self.body, "<p>{}</p>", escaped(text));
    }

    /// A paragraph of less weight.
    pub fn note(&mut self, text: &str) {
        let _ = writeln!(self.body, "<p class=\"note\">{}</p>", escaped(text));
    }

    /// A list.
    pub fn list(&mut self, class: &str, items: &[String]) {
        let _ = writeln!(self.body, "<ul class=\"{class}\">");
        for item in items {
            let _ = writeln!(self.body, "<li>{}</li>", escaped(item));
        }
        self.body.push_str("</ul>\n");
    }

    /// A table: its caption, the heads of its columns, its rows. The first cell of a row is its head; what follows is numbers where it can be.
    pub fn table(&mut self, caption: &str, heads: &[&str], rows: &[Vec<String>]) {
        let _ = writeln!(
            self.body,
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table><caption>{}</caption><thead><tr>",
            escaped(caption),
            escaped(caption)
        );
        for head in heads {
            let _ = write!(self.body, "<th scope=\"col\">{}</th>", escaped(head));
        }
        self.body.push_str("</tr></thead><tbody>\n");
        for row in rows {
            self.body.push_str("<tr>");
            for (n, cell) in row.iter().enumerate() {
                let number =
                    cell.starts_with(|c: char| c.is_ascii_digit() || "\u{2212}-<".contains(c));
                let class = if number { " class=\"n\"" } else { "" };
                let _ = match n {
                    0 => write!(self.body, "<th scope=\"row\">{}</th>", escaped(cell)),
                    _ => write!(self.body, "<td{class}>{}</td>", escaped(cell)),
                };
            }
            self.body.push_str("</tr>\n");
        }
        self.body.push_str("</tbody></table></div>\n");
    }

    /// Facts by name.
    pub fn facts(&mut self, rows: &[(&str, String)]) {
        self.body.push_str("<dl>\n");
        for (name, value) in rows {
            let _ = writeln!(self.body, "<dt>{}</dt><dd>{}</dd>", escaped(name), escaped(value));
        }
        self.body.push_str("</dl>\n");
    }

    /// A drawing with its caption. `svg` is markup already.
    pub fn drawing(&mut self, svg: &str, caption: &str) {
        let _ = writeln!(
            self.body,
            "<figure>{svg}<figcaption>{}</figcaption></figure>",
            escaped(caption)
        );
    }

    /// Begins a row of figures that scrolls sideways on a screen and flows on paper.
    pub fn strip(&mut self, label: &str) {
        let _ = writeln!(
            self.body,
            "<div class=\"strip\" tabindex=\"0\" role=\"region\" aria-label=\"{}\">",
            escaped(label)
        );
    }

    /// Begins plots side by side.
    pub fn plots(&mut self) {
        self.body.push_str("<div class=\"plots\">\n");
    }

    /// Ends either.
    pub fn end_strip(&mut self) {
        self.body.push_str("</div>\n");
    }

    /// A picture (PNG) with what it shows in words.
    pub fn picture(&mut self, png: &[u8], size: [u32; 2], alternative: &str, caption: &str) {
        let _ = writeln!(
            self.body,
            "<figure><img width=\"{}\" height=\"{}\" alt=\"{}\" src=\"data:image/png;base64,{}\"><figcaption>{}</figcaption></figure>",
            size[0],
            size[1],
            escaped(alternative),
            base64(png),
            escaped(caption)
        );
    }

    /// The whole page.
    pub fn finish(self, mark: &str, title: &str, above: &str) -> String {
        let mut contents = String::new();
        for (id, title) in &self.contents {
            let _ = writeln!(contents, "<li><a href=\"#{id}\">{}</a></li>", escaped(title));
        }
        format!(
            "<!DOCTYPE html>\n{mark}\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <link rel=\"icon\" href=\"data:,\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
             <header><h1>{title}</h1><p>{above}</p></header>\n<nav aria-label=\"Contents\"><ul>\n{contents}</ul></nav>\n\
             <main>\n{}</main>\n</body>\n</html>\n",
            self.body,
            title = escaped(title),
            above = escaped(above),
        )
    }
}

/// Bytes as base64 (RFC 4648).
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let at = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for i in 0..4 {
            let index = (bits >> (18 - 6 * i) & 63) as usize;
            out.push(if i <= chunk.len() { char::from(ALPHABET[index]) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        for (text, code) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(text.as_bytes()), code);
        }
    }

    #[test]
    fn text_cannot_become_markup() {
        let mut page = Page::default();
        page.section("a", "<A & B>");
        page.table("t", &["x"], &[vec!["<script>".into(), "\"'\u{0}".into()]]);
        page.picture(b"x", [1, 2], "\"><script>", "");
        let text = page.finish("", "<b>", "<i>");
        assert!(!text.contains("<script") && !text.contains("<b>") && !text.contains("<i>"));
        assert!(text.contains("&lt;A &amp; B&gt;") && text.contains("&quot;&#39;\u{FFFD}"));
    }
}
