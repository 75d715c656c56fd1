//! Tables and folders of tables that were once read as something else, or not at all.

use super::*;

/// Rows of numbers without a pattern, and the text of a table of them.
fn numbers(rows: usize) -> Vec<[f32; 2]> {
    (0..rows).map(|at| [(at * 7 % 5) as f32 - 1.5, (at * 13 % 11) as f32 * 0.25]).collect()
}

fn table(first: &str, rows: &[[f32; 2]]) -> String {
    let lines: String = rows.iter().map(|[a, b]| format!("{a},{b}\n")).collect();
    format!("{first}\n{lines}")
}

/// A folder of tables.
fn folder(files: &[(&str, String)]) -> (tempfile::TempDir, FileSpec) {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("parts");
    fs::create_dir(&inside).unwrap();
    files.iter().for_each(|(name, text)| fs::write(inside.join(name), text).unwrap());
    (folder, FileSpec::new(inside))
}

fn refusal(spec: &FileSpec) -> String {
    open(&DataFrom::File(spec.clone())).err().expect("an error").to_string()
}

#[test]
fn files_of_a_folder_have_the_same_columns() {
    let rows = numbers(12);
    let turned: Vec<_> = rows.iter().map(|[a, b]| [*b, *a]).collect();
    let (_folder, spec) = folder(&[("1.csv", table("a,b", &rows)), ("2.csv", table("b,a", &turned))]);
    let text = refusal(&spec);
    assert!(text.contains("feature 1 is `b`, but in 1.csv it is `a`; `columns` names them in one order"), "{text}");
    let columns = Columns::Only(texts(&["a", "b"]));
    let table_spec = TableSpec { columns, ..TableSpec::default() };
    let source = open(&DataFrom::File(FileSpec { table: table_spec, ..spec })).unwrap();
    let wanted: Vec<_> = rows.iter().chain(&rows).map(|row| row.to_vec()).collect();
    assert_eq!(super::rows(source.as_ref()), wanted);
}

#[test]
fn files_of_a_folder_have_the_same_categories() {
    let parts = |categories| {
        let text = |kinds: [&str; 2]| {
            let lines: String = (0..12).map(|at| format!("{},{}\n", kinds[at % 2], at * 7 % 5)).collect();
            format!("kind,x\n{lines}")
        };
        let (folder, mut spec) = folder(&[("1.csv", text(["red", "blue"])), ("2.csv", text(["green", "blue"]))]);
        spec.table = TableSpec { categories, ..TableSpec::default() };
        (folder, spec)
    };
    let (_folder, spec) = parts(Categories::OneHot);
    let text = refusal(&spec);
    assert!(text.contains("feature 2 is `kind=green`, but in 1.csv it is `kind=red`; make one file of them"), "{text}");
    let (_folder, spec) = parts(Categories::Ordinal);
    assert!(refusal(&spec).contains("texts get other places in every file of a folder"));
}

#[test]
fn what_is_said_of_a_folder_counts_all_files() {
    let gaps = |count: usize| {
        let lines: String =
            (0..10).map(|at| if at < count { "1,\n".to_owned() } else { format!("{},2\n", at % 3) }).collect();
        format!("a,b\n{lines}")
    };
    let (_folder, mut spec) = folder(&[("1.csv", gaps(0)), ("2.csv", gaps(2)), ("3.csv", gaps(3))]);
    spec.table = TableSpec { missing: Missing::Value("0".to_owned()), ..TableSpec::default() };
    let source = open(&DataFrom::File(spec)).unwrap();
    let said: Vec<_> = source.assumptions().iter().map(ToString::to_string).collect();
    assert_eq!(said, ["the 3 files of the folder are read as one data set", "5 cells without a value become `0`: `b`"]);
}

#[test]
fn indexes_and_dates_are_pointed_out() {
    // As pandas writes a part of a shuffled table.
    let shuffled: String = (0..30).map(|at| format!("{},{},{}\n", at * 11 % 41, at % 4, at * 7 % 5)).collect();
    assert!(Table::new(format!(",a,b\n{shuffled}")).said().contains("`drop: [1]` leaves it out"));
    // A count of all samples, in any order.
    let count: String = (0..30).map(|at| format!("{},{}\n", 100 + at * 11 % 30, at * 7 % 5)).collect();
    assert!(Table::new(format!("number,a\n{count}")).said().contains("`drop: [number]` leaves it out"));
    let other: String = (0..30).map(|at| format!("{},{}\n", at * 11 % 29, at * 7 % 5)).collect();
    assert!(!Table::new(format!("number,a\n{other}")).said().contains("drop"));
    let days: String = (0..30).map(|at| format!("{},{}\n", 20_240_101 + at * 100 % 1200 + at, at * 7 % 5)).collect();
    assert!(Table::new(format!("day,a\n{days}")).said().contains("what looks like dates, as 20240131"));
}

#[test]
fn dates_with_names_of_months_are_refused() {
    for date in ["2024-05", "5 May 2024", "May 5, 2024", "Jun-24"] {
        let lines: String = (0..12).map(|at| format!("\"{date}\",{at}\n")).collect();
        Table::new(format!("when,a\n{lines}")).refused(&["is a date or a time", "drop: [when]"]);
    }
}

#[test]
fn numbers_that_are_written_otherwise_get_advice() {
    let with = |cell: &str| {
        let lines: String = (0..1200).map(|at| format!("{at};{}\n", at % 7)).collect();
        Table::new(format!("a;b\n{lines}{cell};1\n"))
    };
    with("1,5").refused(&["line 1202", "`1,5` is no number; `decimal: \",\"` reads it as a number"]);
    with("1,234.5").refused(&["`1,234.5` is no number; write numbers without marks between thousands"]);
    with("12 %").refused(&["without signs of currencies or per cent"]);
}

#[test]
fn the_first_line_of_excel_names_the_delimiter() {
    let rows = numbers(12);
    let text = table("a,b", &rows).replace(',', ";");
    for end in ["\n", "\r\n"] {
        let table = Table::new(format!("sep=;{end}{}", text.replace('\n', end)));
        assert_eq!(names(table.open().as_ref()), ["a", "b"]);
        assert_eq!(table.rows(), rows.iter().map(|row| row.to_vec()).collect::<Vec<_>>());
    }
    Table::new("sep=;\na;b\n1;2\n3;x\n").refused(&["line 4, column 2"]);
}

#[test]
fn labels_of_their_own_file_stay_with_their_samples() {
    let lines: String = (0..12).map(|at| if at % 5 == 0 { format!("{at},\n") } else { format!("{at},1\n") }).collect();
    let table = Table::new(format!("a,b\n{lines}"));
    let path = table.folder.path().join("y.csv");
    fs::write(&path, (0..12).map(|at| format!("{at}.5\n")).collect::<String>()).unwrap();
    let with = |missing| FileSpec {
        labels: Some(LabelsFrom::File(path.clone())),
        table: TableSpec { missing, ..TableSpec::default() },
        ..table.spec.clone()
    };
    let source = open(&DataFrom::File(with(Missing::Drop))).unwrap();
    let wanted: Vec<_> = (0..12).filter(|at| at % 5 != 0).map(|at| at as f32 + 0.5).collect();
    assert_eq!(source.labels().unwrap(), Some(Labels::Values(wanted.clone())));
    assert_eq!(source.label_values().unwrap(), Some(wanted));
    fs::write(&path, (0..11).map(|at| format!("{at}.5\n")).collect::<String>()).unwrap();
    assert!(refusal(&with(Missing::Drop)).contains("it has 11 labels"));
}

/// The preset that `new` writes for some data in a folder, and what `rank` says of it.
fn new(folder: &Path, arguments: &[&str]) -> (String, bool) {
    let neartop = || Command::new(env!("CARGO_BIN_EXE_neartop"));
    let written = neartop().current_dir(folder).args(["new", "--data"]).args(arguments).output().unwrap();
    let preset = String::from_utf8(written.stdout).unwrap();
    fs::write(folder.join("new.yaml"), &preset).unwrap();
    let ranked = neartop()
        .current_dir(folder)
        .args(["rank", "new.yaml", "--no-study", "--repetitions", "1", "--top", "1"])
        .output()
        .unwrap();
    (preset, ranked.status.success())
}

#[test]
fn new_presets_have_a_size_for_images_of_many_and_drop_samples_without_a_label() {
    let flowers = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/data/flowers");
    let folder = tempfile::tempdir().unwrap();
    let (preset, runs) = new(folder.path(), &[flowers.to_str().unwrap()]);
    assert!(preset.contains("size: [64, 64]") && runs, "{preset}");
    let lines: String = (0..40).map(|at| format!("{},{}\n", at * 7 % 5, ["yes", "no", ""][at % 3])).collect();
    fs::write(folder.path().join("t.csv"), format!("a,y\n{lines}")).unwrap();
    let (preset, runs) = new(folder.path(), &["t.csv", "--labels", "y"]);
    assert!(preset.contains("missing: drop") && runs, "{preset}");
}

/// A column of numbers is no text because of one cell, which is named.
#[test]
fn new_presets_do_not_drop_numbers_with_a_few_other_cells() {
    let folder = tempfile::tempdir().unwrap();
    let lines: String = (0..40).map(|at| format!("{}.5,{}\n", at * 7 % 23, at % 2)).collect();
    for (last, words) in [("TOTAL,0\n", "line 42, column 1 (`a`): `TOTAL`"), ("", "column 1 (`a`): `0.5%`")] {
        let lines = if last.is_empty() { lines.replace(".5", ".5%") } else { lines.clone() };
        fs::write(folder.path().join("t.csv"), format!("a,y\n{lines}{last}")).unwrap();
        let mut new = Command::new(env!("CARGO_BIN_EXE_neartop"));
        let output = new.current_dir(folder.path()).args(["new", "--data", "t.csv", "--labels", "y"]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(words), "{said}");
    }
}

#[test]
fn labels_in_another_order_than_the_samples_are_refused() {
    let ids: Vec<_> = (0..40).map(|at| at * 7 % 40).collect();
    let by = |ids: &[i32], name: &str| -> String {
        let rows = ids.iter().enumerate().map(|(at, id)| format!("{id},{}.5\n", at * 3 % 7));
        std::iter::once(format!("id,{name}\n")).chain(rows).collect()
    };
    let sorted: Vec<_> = (0..40).collect();
    let opened = |samples: &[i32], labels: &str| {
        let folder = tempfile::tempdir().unwrap();
        let [x, y] = ["x.csv", "y.csv"].map(|name| folder.path().join(name));
        fs::write(&x, by(samples, "x")).unwrap();
        fs::write(&y, labels).unwrap();
        let spec = FileSpec::new(x).with_labels(Some(LabelsFrom::File(y)));
        let opened = open(&DataFrom::File(spec)).map(|source| source.count());
        opened.map_err(|error| error.to_string())
    };
    assert_eq!(opened(&sorted, &by(&sorted, "y")), Ok(40));
    let text = opened(&ids, &by(&sorted, "y")).unwrap_err();
    assert!(text.contains("in row 2 `id` is 7 of the sample and 1 of the label: sort both files by `id`"), "{text}");
    // The names of the columns say that they are not the same.
    assert_eq!(opened(&ids, &by(&sorted, "y").replace("id,", "row,")), Ok(40));
}

#[test]
fn a_quote_that_is_not_closed_is_refused() {
    let rows = |last: &str| format!("a,y\n1,u\n2,{last}\n3,v\n4,w\n");
    let refused = |text: String| refusal(&Table::new(text).labels(&["y"]).spec);
    let open_end = refused(rows("\"u"));
    assert!(open_end.contains("line 3 has a quote that is not closed before the end of the file"), "{open_end}");
    let inside = refused("a,b,y\n1,2,u\n3,\"4,v\n5,6,u\n".to_owned());
    assert!(inside.contains("line 3 has 2 cells") && inside.contains("a quote in it is closed some lines"), "{inside}");
    // A quote inside a cell is a sign like any other.
    let spec =
        TableSpec { columns: Columns::Without(texts(&["a"])), categories: Categories::OneHot, ..TableSpec::default() };
    let inches = Table::new("a,b,y\n3\",x,u\n4\",\"two\nlines\",v\n").labels(&["y"]).with(spec);
    assert_eq!(names(inches.open().as_ref()), ["b=two\nlines", "b=x"]);
    // What is closed has lines of its own.
    let closed = Table::new("a,y\n1,u\n2,\"u \"\"x\"\"\nv\"\n").labels(&["y"]);
    assert_eq!(closed.open().class_names().unwrap().unwrap(), ["u", "u \"x\"\nv"]);
}

#[test]
fn what_stands_for_a_file_or_is_no_table_is_told() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
    for name in ["a.csv", "a.npy", "a.parquet"] {
        Table::named(name, pointer).refused(&["a pointer of Git LFS", "`git lfs pull`"]);
    }
    Table::new("{\"a\": 1, \"b\": \"x, y\"}\n{\"a\": 2, \"b\": \"z\"}\n").refused(&["it holds JSON", "lines=True"]);
    assert_eq!(Table::new("[1],b\n1,2\n3,4\n").rows(), [[1.0, 2.0], [3.0, 4.0]]);
}

#[test]
fn numbers_in_other_hands_are_told_from_texts() {
    assert_eq!(Table::new("a,b\n\u{2212}1.5,2\n3,\u{2212}4\n").rows(), [[-1.5, 2.0], [3.0, -4.0]]);
    let one_text: String =
        (0..40).map(|i| if i == 20 { "Total,7\n".to_owned() } else { format!("{i}.5,{i}\n") }).collect();
    Table::new(format!("a,b\n{one_text}")).refused(&["line 22", "`Total` is no number", "take their rows out"]);
    let codes: String =
        (0..40).map(|i| format!("{},{i}\n", if i == 20 { "X".into() } else { (i % 3).to_string() })).collect();
    Table::new(format!("a,b\n{codes}")).refused(&["`X` is no number", "`categories: one_hot`", "`drop: [a]`"]);
    let texts = |of: &dyn Fn(usize) -> String| (0..40).map(|i| format!("{},{}\n", of(i), i % 3)).collect::<String>();
    for (cells, advice) in
        [(texts(&|i| format!("(1.{i})")), "with a minus sign"), (texts(&|i| format!("1.{i}D+01")), "as 1e3")]
    {
        let table = Table::new(format!("a,b\n{cells}"));
        table.refused(&[advice]);
        let columns = neartop_io::data::advise(&table.spec.path).unwrap().unwrap().columns;
        assert_eq!(columns[0].kind, neartop_io::data::ColumnKind::Numbers);
    }
}

#[test]
fn classes_that_differ_in_case_alone_are_said() {
    let table = Table::new("a,y\n1,Yes\n2,no\n3,yes\n4,No\n5,other\n").labels(&["y"]);
    let given = neartop_io::data::Given::of(table.open().as_ref()).unwrap().unwrap();
    assert_eq!(given.alike(), ["No", "no", "Yes", "yes"]);
}
