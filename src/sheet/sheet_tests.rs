use super::*;
use proptest::prelude::*;

fn read(text: &str) -> Sheet {
    Sheet::parse(text.as_bytes(), "t.csv").expect(text)
}

fn rows(sheet: &Sheet) -> Vec<Vec<&str>> {
    sheet.rows.iter().map(|r| r.cells.iter().map(String::as_str).collect()).collect()
}

#[test]
fn the_separator_is_the_one_the_rows_agree_on() {
    for (text, separator) in [
        ("a,b\n1,2\n", Separator::Comma),
        ("a;b\r\n1,5;2\r\n", Separator::Semicolon),
        ("time;liver, left\n1;2,5\n3;4,5\n", Separator::Semicolon),
        ("a\tb\n1,5\t2;3\n", Separator::Tab),
        ("time,liver; left\n1,2\n3,4\n", Separator::Comma),
        ("sep=;\na,x;b\n1;2\n", Separator::Semicolon),
        ("name,a;b;c\n\"x;y\",1\n", Separator::Comma),
        ("a\n1\n", Separator::Comma),
    ] {
        assert_eq!(read(text).separator, separator, "{text}");
    }
    assert_eq!(read("sep=;\na,x;b\n1;2\n").header, ["a,x", "b"]);
}

#[test]
fn fields_keep_what_is_in_them() {
    let sheet = read(
        "# 5\" phantom\n\nname, time\n\"liver, \"\"left\"\"\",4\nlesion #1,24\n  # a comment\n#another, one, more\n\"#2\",96\n,\n",
    );
    assert_eq!(sheet.header, ["name", "time"]);
    assert_eq!(rows(&sheet), [["liver, \"left\"", "4"], ["lesion #1", "24"], ["#2", "96"]]);
    assert_eq!(sheet.rows.iter().map(|r| r.line).collect::<Vec<_>>(), [4, 5, 8]);
    assert!(sheet.commented.is_empty());
    let sheet = read("name,time\n#liver,4\nliver,24\n");
    assert_eq!(sheet.commented, [Row { line: 2, cells: vec!["liver".into(), "4".into()] }]);
    // Excel leaves out empty cells at the end of a row and writes columns that are empty.
    let sheet = read("t;liver;kidney;;\n1;2;;;\n3;4\n");
    assert_eq!(sheet.header, ["t", "liver", "kidney"]);
    assert_eq!(rows(&sheet), [["1", "2", ""], ["3", "4", ""]]);
    assert_eq!(read("\"activity\n(MBq)\",b\n1,2").header[0], "activity (MBq)");
}

#[test]
fn unclear_tables_are_refused_with_their_line() {
    for (text, word) in [
        ("", "is empty"),
        ("# only a comment\n", "is empty"),
        ("a,b\n1,2\n1,2,3\n", "t.csv:3 has 3 cells"),
        ("a,b\n\"x,1\ny,2\n", "quotation mark"),
        ("a,,b\n1,2,3\n", "t.csv:2: column 2 holds '2'"),
    ] {
        let error = Sheet::parse(text.as_bytes(), "t.csv").expect_err(text).to_string();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn what_is_written_is_read_again() {
    let cells =
        [["name", "x"], ["liver, \"left\"", "1"], ["#1", "2"], ["a;b\tc", "3"], ["lesion #1", "4"]];
    for separator in Separator::ALL {
        let text = lines(cells.map(|r| r.map(String::from)), separator);
        assert!(text.contains("\nlesion #1"), "quoted only where it is needed: {text}");
        let sheet = read(&text);
        assert_eq!(sheet.header, cells[0]);
        assert_eq!(rows(&sheet), cells[1..], "{text}");
    }
}

proptest! {
    #[test]
    fn any_bytes_give_a_sheet_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Sheet::parse(&bytes, "t.csv");
    }

    #[test]
    fn any_text_gives_a_sheet_or_an_error(text in "[ab1,;\t\"#\r\n =.µ]{0,200}") {
        if let Ok(sheet) = Sheet::parse(text.as_bytes(), "t.csv") {
            prop_assert!(sheet.rows.iter().all(|r| r.cells.len() == sheet.header.len()));
        }
    }
}
