//! Tables as people have them: each is read as what it says, or refused with what would be right.

#[path = "tables/found.rs"]
mod found;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use neartop_io::data::{Categories, Columns, DataSpec, Delimiter, Missing, Samples};
use neartop_io::data::{DataFrom, FileSpec, Labels, LabelsFrom, Scale, Source, TableSpec, open};
use neartop_io::preset::Preset;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/data/tables").join(name)
}

/// A table in a file of its own.
struct Table {
    folder: tempfile::TempDir,
    spec: FileSpec,
}

impl Table {
    fn named(name: &str, bytes: impl AsRef<[u8]>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        Self { folder, spec: FileSpec::new(path) }
    }

    fn new(bytes: impl AsRef<[u8]>) -> Self {
        Self::named("a.csv", bytes)
    }

    fn labels(mut self, names: &[&str]) -> Self {
        self.spec.labels = Some(LabelsFrom::Names(names.iter().map(ToString::to_string).collect()));
        self
    }

    fn with(mut self, table: TableSpec) -> Self {
        self.spec.table = table;
        self
    }

    fn open(&self) -> Box<dyn Source> {
        open(&DataFrom::File(self.spec.clone())).unwrap_or_else(|error| panic!("{error}"))
    }

    fn rows(&self) -> Vec<Vec<f32>> {
        rows(self.open().as_ref())
    }

    fn said(&self) -> String {
        self.open().assumptions().iter().map(|assumption| format!("{assumption}\n")).collect()
    }

    #[track_caller]
    fn refused(&self, parts: &[&str]) {
        let error = open(&DataFrom::File(self.spec.clone())).and_then(|source| source.labels().map(drop));
        let text = error.expect_err("an error").to_string();
        assert!(parts.iter().all(|part| text.contains(part)), "{parts:?}: {text}");
    }
}

fn rows(source: &dyn Source) -> Vec<Vec<f32>> {
    let all: Vec<_> = (0..source.count()).collect();
    let mut rows = Vec::new();
    source.read(&all, &mut |row| rows.push(row.to_vec())).unwrap();
    rows
}

fn names(source: &dyn Source) -> Vec<String> {
    source.feature_names().expect("a table").to_vec()
}

fn texts(of: &[&str]) -> Vec<String> {
    of.iter().map(ToString::to_string).collect()
}

/// What `rank` says of a preset: activations, initializations and NEAR; and what it says on standard error.
fn run(command: &str, preset: &Path, more: &[&str]) -> (serde_json::Value, String) {
    let mut neartop = Command::new(env!("CARGO_BIN_EXE_neartop"));
    neartop.args([command, preset.to_str().unwrap(), "--no-study", "--format", "json"]).args(more);
    let output = neartop.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    (serde_json::from_slice(&output.stdout).unwrap(), said)
}

fn near(result: &serde_json::Value) -> Vec<f64> {
    result["candidates"].as_array().unwrap().iter().map(|candidate| candidate["near"].as_f64().unwrap()).collect()
}

/// A preset of a file in a folder of fixtures, with a network for it.
fn preset(folder: &tempfile::TempDir, name: &str, data: &str, network: &str) -> PathBuf {
    let path = folder.path().join(name);
    let rest = "search: {activations: [relu, tanh], inits: [kaiming_normal]}\nscore: {repetitions: 3}\n";
    fs::write(&path, format!("data: {{{data}}}\nnetwork: {network}\n{rest}")).unwrap();
    path
}

fn copied(case: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in fixture(case).read_dir().unwrap().flatten() {
        fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    folder
}

/// Each table has a twin of the same numbers as arrays.
#[test]
fn tables_score_as_their_twins_do() {
    for (case, data, labels, input, last) in [
        ("binary", "path: clinic.csv, labels: y", true, 4, "linear: 1, sigmoid"),
        ("columns-of-spaces", "path: noise.data, labels: 6", true, 5, "linear: 1"),
        ("gap-in-first-row", "path: cells.csv, labels: 10, header: false, missing: mean", true, 9, "linear: 2"),
        ("numeric-header", "path: nir.csv", false, 6, "linear: 1"),
        ("numeric-header", "path: nir.csv, header: true", false, 6, "linear: 1"),
        ("two-targets", "path: energy.csv, labels: [y1, y2]", true, 4, "linear: 2"),
        ("whole-float-labels", "path: y.csv, labels: y", true, 3, "linear: 3"),
    ] {
        let folder = copied(case);
        let network = format!("{{input: {input}, layers: [linear: 12, activation, {last}]}}");
        let twin = if labels { "path: ref.npy, labels: ref_labels.npy" } else { "path: ref.npy" };
        for scale in ["none", "unit", "standardize", "standardize_features"] {
            let of = |name: &str, data: &str| {
                let path = preset(&folder, name, &format!("{data}, scale: {scale}"), &network);
                run("rank", &path, &[]).0
            };
            assert_eq!(near(&of("a.yaml", data)), near(&of("b.yaml", twin)), "{case}, {scale}");
        }
        if labels && case != "gap-in-first-row" {
            let of = |name: &str, data: &str| run("train", &preset(&folder, name, data, &network), &[]).0;
            let (given, twin) = (of("a.yaml", data), of("b.yaml", twin));
            assert_eq!(given["training"]["task"], twin["training"]["task"], "{case}");
            assert_eq!(given["candidates"][0]["loss"], twin["candidates"][0]["loss"], "{case}");
        }
    }
}

#[test]
fn a_gap_in_the_first_row_makes_no_header() {
    let spec = FileSpec::new(fixture("gap-in-first-row/cells.csv")).with_labels(Some(LabelsFrom::name("10")));
    let error = open(&DataFrom::File(spec)).err().unwrap().to_string();
    assert!(
        ["line 1, column 4", "`?` is no value", "missing: mean", "header: false"].iter().all(|p| error.contains(p))
    );
}

#[test]
fn the_table_of_passengers_becomes_features() {
    let labels = Some(LabelsFrom::name("survived"));
    let file =
        |table| FileSpec { table, ..FileSpec::new(fixture("passengers/passengers.csv")) }.with_labels(labels.clone());
    let error = |table| open(&DataFrom::File(file(table))).err().unwrap().to_string();
    let said = error(TableSpec::default());
    assert!(said.contains("line 2, column 4 (`name`)") && said.contains("`drop: [name, ticket]`"), "{said}");
    assert!(said.contains("`categories: one_hot`"), "{said}");
    let one_hot = TableSpec { categories: Categories::OneHot, missing: Missing::Mean, ..TableSpec::default() };
    let said = error(one_hot.clone());
    assert!(said.contains("`drop: [name, ticket]`"), "{said}");
    let table = TableSpec { columns: Columns::Without(texts(&["id", "name", "ticket"])), ..one_hot };
    let source = open(&DataFrom::File(file(table))).unwrap();
    let expected = ["class", "sex=female", "sex=male", "age", "fare", "port=C", "port=Q", "port=S"];
    assert_eq!((source.count(), names(source.as_ref())), (60, texts(&expected)));
    let read = rows(source.as_ref());
    assert_eq!(read[0], [2.0, 1.0, 0.0, 43.8, 8.1738, 0.0, 0.0, 1.0]);
    assert!((read[3][3] - 40.0).abs() < 10.0, "{:?}", read[3]);
    assert!(matches!(source.labels().unwrap(), Some(Labels::Classes { count: 2, .. })));
}

#[test]
fn headers_are_told_from_samples() {
    for (text, header, told) in [
        ("a,b\n1,2\n", true, false),
        ("1,2\n3,4\n", false, true),
        ("a,2019,2020\nx,1,2\ny,2,1\nx,2,2\n", true, true),
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n", false, true),
        ("x,s,n\nx,y,n\nb,s,w\nx,s,n\n", false, true),
        ("name,kind\nx,y\nz,y\n", true, false),
        ("0,1,2,3\n5,4,3,2\n", true, false),
        (",0,1\n0,5,3\n1,2,7\n", true, false),
        ("400,410,420,430\n0.2,0.3,0.1,0.2\n0.3,0.2,0.2,0.1\n", true, true),
        ("8,10,?,3\n2,3,8,2\n1,1,2,5\n", false, true),
    ] {
        let spec =
            TableSpec { categories: Categories::OneHot, missing: Missing::Value("0".into()), ..TableSpec::default() };
        let table = Table::new(text).with(spec);
        let lines = text.lines().count();
        assert_eq!(table.open().count(), lines - usize::from(header), "{text}");
        assert_eq!(table.said().contains("the first line"), told, "{text}: {}", table.said());
    }
}

#[test]
fn what_separates_cells_is_found() {
    let expected = [[1.0, 2.5], [3.0, 4.5], [-5.0, 6.0]];
    for text in [
        "a,b\n1,2.5\n3,4.5\n-5,6\n",
        "a;b\n1;2,5\n3;4,5\n-5;6,0\n",
        "a\tb\n1\t2.5\n3\t4.5\n-5\t6\n",
        "a|b\n1|2.5\n3|4.5\n-5|6\n",
        " a   b\n 1    2.5\n 3 \t 4.5  \n-5   6\n",
        "a,b,\n1,2.5,\n3,4.5,\n-5,6,\n",
        "a,b\r\n1,2.5\r\n\r\n3,4.5\r\n-5,6\r\n",
        "# of a lab\n# by hand\na,b\n1,2.5\n3,4.5\n-5,6\n",
        "#a,b\n1,2.5\n3,4.5\n-5,6\n",
        "\u{feff}a,b\n1,2.5\n3,4.5\n-5,6\n",
        "a,b\n\"1\",\"2,5\"\n\"3\",\"4,5\"\n\"-5\",\"6,0\"\n",
        "\"a\" \"b\"\n\"r1\" 1 2.5\n\"r2\" 3 4.5\n\"r3\" -5 6\n",
    ] {
        for name in ["a.csv", "a.data", "a.txt", "a.dat", "a.tsv"] {
            assert_eq!(Table::named(name, text).rows(), expected, "{name}: {text:?}");
        }
    }
    // Rows of a file of spaces, and of one with marks to begin at, from the middle.
    for delimiter in [",", "   "] {
        let text: String = (0..1000).map(|i| format!("{i}{delimiter}{}\n", i * 2)).collect();
        let table = Table::new(format!("a{delimiter}b\n{text}"));
        let source = table.open();
        let mut read = Vec::new();
        source.read(&[0, 5, 127, 128, 500, 999], &mut |row| read.push(row[1])).unwrap();
        assert_eq!(read, [0.0, 10.0, 254.0, 256.0, 1000.0, 1998.0]);
    }
}

#[test]
fn characters_are_read_however_they_are_stored() {
    let text = "größe,port\n1,Köln\n2,Ulm\n3,Köln\n";
    let utf_16 = |big: bool, mark: bool| -> Vec<u8> {
        let text = if mark { format!("\u{feff}{text}") } else { text.to_owned() };
        text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    };
    let latin: Vec<u8> = text.chars().map(|c| c as u8).collect();
    let spec = || TableSpec { categories: Categories::OneHot, ..TableSpec::default() };
    for bytes in [text.as_bytes().to_vec(), latin, utf_16(true, true), utf_16(false, true), utf_16(false, false)] {
        let table = Table::new(bytes).with(spec());
        assert_eq!(names(table.open().as_ref()), texts(&["größe", "port=Köln", "port=Ulm"]));
        assert_eq!(table.rows()[2], [3.0, 1.0, 0.0]);
        let is_utf_8 = std::str::from_utf8(&fs::read(&table.spec.path).unwrap()).is_ok_and(|text| !text.contains('\0'));
        assert_eq!(table.said().contains("the text is read as"), !is_utf_8, "{}", table.said());
    }
}

#[test]
fn columns_are_chosen_by_name_or_place() {
    let text = "id,b,c,y\n1,5,7,0\n2,6,8,1\n";
    let columns = |columns| Table::new(text).labels(&["y"]).with(TableSpec { columns, ..TableSpec::default() });
    assert_eq!(columns(Columns::Only(texts(&["c", "2"]))).rows(), [[7.0, 5.0], [8.0, 6.0]]);
    assert_eq!(columns(Columns::Without(texts(&["id"]))).rows(), [[5.0, 7.0], [6.0, 8.0]]);
    columns(Columns::Without(texts(&["ids"])))
        .refused(&["no column is called `ids`, as `drop` says", "did you mean `id`"]);
    let text: String = (0..20).map(|i| format!("{},{}\n", i + 100, i * i)).collect();
    let table = Table::new(format!("key,x\n{text}"));
    assert!(table.said().contains("`drop: [key]`"), "{}", table.said());
    let text: String = (0..20).map(|i| format!("{},{}\n", i * 7919 % 104_729, i * i)).collect();
    assert!(Table::new(format!("user_id,x\n{text}")).said().contains("`drop: [user_id]`"));
}

#[test]
fn columns_of_parquet_are_chosen_too() {
    let columns = |columns| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/data/none.parquet");
        let table = TableSpec { columns, ..TableSpec::default() };
        open(&DataFrom::File(FileSpec { table, ..FileSpec::new(path) })).map(|source| source.shape().elements())
    };
    assert_eq!(columns(Columns::Without(texts(&["species", "x0"]))).unwrap(), 5);
    assert_eq!(columns(Columns::Only(texts(&["x1", "3"]))).unwrap(), 2);
    let error = columns(Columns::Without(texts(&["x9"]))).unwrap_err().to_string();
    assert!(error.contains("no column is called `x9`, as `drop` says"), "{error}");
    assert!(columns(Columns::All).unwrap_err().to_string().contains("`drop` leaves columns out"));
}

/// The same passengers as CSV, Parquet and Feather, with gaps, texts, truths and dates.
#[test]
fn files_of_columns_are_read_like_tables_where_they_are_like_them() {
    let path = |end: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/data/passengers.{end}"));
    let opened = |end: &str, table: &TableSpec, labels: &[&str]| {
        let labels = (!labels.is_empty()).then(|| LabelsFrom::Names(texts(labels)));
        open(&DataFrom::File(FileSpec { table: table.clone(), labels, ..FileSpec::new(path(end)) }))
    };
    let without = Columns::Without(texts(&["number", "born"]));
    let spec =
        |missing, categories| TableSpec { columns: without.clone(), missing, categories, ..TableSpec::default() };
    let ends: &[&str] = if cfg!(feature = "arrow") { &["parquet", "feather"] } else { &["parquet"] };
    for end in ends {
        for (table, labels) in [
            (spec(Missing::Median, Categories::OneHot), &["survived"][..]),
            (spec(Missing::Drop, Categories::Ordinal), &["port"]),
            (spec(Missing::Value("0".into()), Categories::OneHot), &["survived", "saved"]),
        ] {
            let all = |end: &str| {
                let source = opened(end, &table, labels).unwrap_or_else(|error| panic!("{end}: {error}"));
                let mut rows = Vec::new();
                source.scan(&mut |row| rows.push(row.to_vec())).unwrap();
                (rows, source.labels().unwrap(), source.class_names().unwrap())
            };
            assert_eq!(all(end), all("csv"), "{end} with {labels:?}");
        }
        let refused = |table: &TableSpec| opened(end, table, &["survived"]).err().expect("a refusal").to_string();
        let none = refused(&spec(Missing::Error, Categories::OneHot));
        assert!(none.contains("row 3 (from 0), column 5 (`port`): the cell is empty; `missing: mean`"), "{none}");
        let date = refused(&TableSpec { columns: Columns::All, ..spec(Missing::Mean, Categories::OneHot) });
        assert!(date.contains("`born`"), "{date}");
        let text = refused(&TableSpec { columns: Columns::Only(texts(&["sex"])), ..TableSpec::default() });
        assert!(text.contains("`categories: one_hot` or `ordinal`"), "{text}");
    }
}

#[test]
fn gaps_are_filled_or_left_out() {
    let text = "a,b,y\n1,?,0\nNA,4,1\n5,null,0\n7,8,1\n9,n/a,1\n";
    let missing = |missing| Table::new(text).labels(&["y"]).with(TableSpec { missing, ..TableSpec::default() });
    let column = |table: Table, at: usize| table.rows().iter().map(|row| row[at]).collect::<Vec<_>>();
    missing(Missing::Error).refused(&["line 2, column 2 (`b`)", "`?` is no value", "missing: mean"]);
    assert_eq!(column(missing(Missing::Mean), 1), [6.0, 4.0, 6.0, 8.0, 6.0]);
    assert_eq!(column(missing(Missing::Median), 0), [1.0, 6.0, 5.0, 7.0, 9.0]);
    assert_eq!(column(missing(Missing::Value("-1".into())), 0), [1.0, -1.0, 5.0, 7.0, 9.0]);
    let dropped = missing(Missing::Drop);
    assert_eq!((dropped.rows(), dropped.open().labels().unwrap().unwrap().count()), (vec![vec![7.0, 8.0]], 1));
    assert!(dropped.said().contains("4 samples are left out"));
    let table = |missing, categories| {
        Table::new("c\nx\n?\nz\nx\n").with(TableSpec { missing, categories, ..TableSpec::default() })
    };
    let none = table(Missing::Mean, Categories::OneHot);
    assert_eq!(none.rows(), [[1.0, 0.0], [0.0, 0.0], [0.0, 1.0], [1.0, 0.0]]);
    let own = table(Missing::Value("none".into()), Categories::OneHot);
    assert_eq!(names(own.open().as_ref()), texts(&["c=none", "c=x", "c=z"]));
    assert_eq!(table(Missing::Value("none".into()), Categories::Ordinal).rows(), [[1.0], [0.0], [2.0], [1.0]]);
}

#[test]
fn texts_become_numbers_only_where_that_is_asked_for() {
    let table = Table::new("a,ok\n1,yes\n2,no\n3,yes\n");
    assert_eq!(table.rows(), [[1.0, 1.0], [2.0, 0.0], [3.0, 1.0]]);
    assert!(table.said().contains("yes and no are read as 1 and 0: `ok`"));
    Table::new("a,when\n1,2024-01-31\n2,2024-02-01\n").refused(&[
        "line 2, column 2 (`when`)",
        "a date",
        "`drop: [when]`",
    ]);
    let dates = TableSpec { categories: Categories::OneHot, ..TableSpec::default() };
    Table::new("a,when\n1,2024-01-31\n2,2024-02-01\n").with(dates).refused(&["a date or a time"]);
    Table::new("a,b\n1,2\n3,inf\n").refused(&["line 3, column 2 (`b`)", "no finite number"]);
    Table::new("a,b\n1,2\n3,4,5\n").refused(&["line 3 has 3 cells", "has 2"]);
    let decimal = TableSpec { decimal: Some(b','), delimiter: Some(Delimiter::Byte(b';')), ..TableSpec::default() };
    Table::new("a;b\n1,5;2\n1.234,5;3\n").with(decimal).refused(&["line 3, column 1", "1.234,5"]);
}

#[test]
fn labels_are_classes_numbers_or_several() {
    let classes = |text: &str, names: &[&str]| Table::new(text).labels(names).open().labels().unwrap().unwrap();
    assert_eq!(classes("a,y\n1,0.0\n2,2.0\n3,1.0\n", &["y"]), Labels::Classes { of: vec![0, 2, 1], count: 3 });
    assert_eq!(classes("a,y\n1,M\n2,B\n3,M\n", &["y"]), Labels::Classes { of: vec![1, 0, 1], count: 2 });
    assert_eq!(classes("a,y\n1,0.5\n2,2.0\n", &["y"]), Labels::Values(vec![0.5, 2.0]));
    let of = vec![1.0, 0.0, 0.0, 1.0];
    assert_eq!(classes("a,y,z\n1,yes,0\n2,no,1\n", &["y", "z"]), Labels::Several { of, width: 2 });
    Table::new("a,y,z\n1,red,0\n2,blue,1\n").labels(&["y", "z"]).refused(&["column `y`", "holds words"]);
    Table::new("a,y\n1,0\n2,\n").labels(&["y"]).refused(&[
        "line 3, column 2 (`y`)",
        "label is missing",
        "missing: drop",
    ]);
    assert_eq!(Table::new("a,y\n1,M\n2,B\n").labels(&["y"]).open().class_names().unwrap(), Some(texts(&["B", "M"])));
}

#[test]
fn labels_stand_in_files_of_their_own() {
    for (name, text) in [("y.csv", "y\n1\n0\n1\n"), ("y.txt", "1\n0\n1\n"), ("y.csv", "y\nb\na\nb\n")] {
        let table = Table::new("a,b\n1,2\n3,4\n5,6\n");
        let file = table.folder.path().join(name);
        fs::write(&file, text).unwrap();
        let spec = table.spec.clone().with_labels(Some(LabelsFrom::File(file)));
        let source = open(&DataFrom::File(spec)).unwrap();
        assert_eq!(source.labels().unwrap(), Some(Labels::Classes { of: vec![1, 0, 1], count: 2 }));
        assert!(source.assumptions().iter().any(|a| a.to_string().contains("labels are read from")));
    }
    let table = Table::new("a,b\n1,2\n3,4\n5,6\n");
    let file = table.folder.path().join("y.csv");
    fs::write(&file, "y\n1\n0\n").unwrap();
    let spec = table.spec.clone().with_labels(Some(LabelsFrom::File(file)));
    let error = open(&DataFrom::File(spec)).err().unwrap().to_string();
    assert!(error.contains("2 labels, but there are 3 samples"), "{error}");
}

/// Times in seconds of half a day, whose seconds single precision does not tell apart.
#[test]
fn numbers_far_from_zero_keep_what_tells_them_apart() {
    let times: Vec<f64> = (0..64).map(|i| 1_700_000_000.0 + 7.0 * f64::from(i * i % 61)).collect();
    let lines: String = times.iter().map(|t| format!("{t},{}\n", t - 1_700_000_000.0)).collect();
    let table = Table::new(format!("t,near\n{lines}"));
    // The same as an array in double precision.
    let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': (64, 2), }}{}\n", " ".repeat(57));
    let mut npy = [b"\x93NUMPY\x01\0".as_slice(), &(header.len() as u16).to_le_bytes(), header.as_bytes()].concat();
    times.iter().for_each(|t| npy.extend([t.to_le_bytes(), (t - 1_700_000_000.0).to_le_bytes()].concat()));
    let array = Table::named("a.npy", npy);
    for file in [table.spec.clone(), array.spec.clone()] {
        let spec = DataSpec { from: DataFrom::File(file), scale: Scale::StandardizeFeatures };
        let samples = Samples::load(&spec, &neartop_core::network::Form::features(2), 0, 64, 1).unwrap();
        let values = samples.batch(0).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        for pair in values.chunks(2) {
            assert!((pair[0] - pair[1]).abs() < 1e-5, "{pair:?}");
        }
    }
}

#[test]
fn keys_of_tables_are_read_and_written() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.csv"), "a,b,y\n1,2,0\n").unwrap();
    let text = |keys: &str| format!("data: {{path: a.csv, {keys}}}\nnetwork: {{input: 2, layers: [linear: 2]}}\n");
    for keys in [
        "labels: y, header: true, delimiter: \";\", decimal: \",\", drop: [a, 3], missing: median, categories: ordinal",
        "labels: [a, y], columns: [2], delimiter: spaces, missing: {value: 0}, categories: one_hot, header: false",
        "labels: 3, delimiter: tab, missing: {value: none}",
        "missing: drop}\ntrain: {task: binary",
    ] {
        let preset = Preset::parse(&text(keys), "p.yaml", folder.path()).unwrap_or_else(|e| panic!("{keys}: {e:?}"));
        let again = Preset::parse(&preset.to_yaml(), "again.yaml", folder.path()).unwrap();
        assert_eq!((preset.data, preset.train), (again.data, again.train), "{keys}");
    }
    for (keys, wrong) in [
        ("missing: mode", "missing cannot be `mode`"),
        ("columns: [a], drop: [b]", "nothing to `drop`"),
        ("delimiter: abc", "`abc` is no delimiter"),
        ("drop: [a, a]", "stands here twice"),
        ("header: maybe", "the header: true or false"),
    ] {
        let error = Preset::parse(&text(keys), "p.yaml", folder.path()).unwrap_err();
        assert!(error.to_string().contains(wrong), "{keys}: {error}");
    }
}

/// What `new` writes runs as it is.
#[test]
fn new_presets_run() {
    let folder = tempfile::tempdir().unwrap();
    for (data, labels, parts) in [
        (
            "tables/passengers/passengers.csv",
            "survived",
            ["drop: [id, name, ticket]", "categories: one_hot", "input: 8"],
        ),
        ("tables/columns-of-spaces/noise.data", "6", ["labels: 6", "linear: 1", "task: regression"]),
        ("tables/two-targets/energy.csv", "y1,y2", ["labels: [y1, y2]", "linear: 2", "task: regression"]),
        ("tables/whole-float-labels/y.csv", "y", ["labels: \"y\"", "linear: 3", "task: classification"]),
        ("header.csv", "species", ["input: 6", "linear: 3", "3 classes: ant, cat, dog"]),
        ("deflated.npz", "", ["input: [3, 4, 5]", "- flatten", "linear: 1"]),
        ("folder", "", ["input: [1, 4, 5]", "linear: 3", "scale: standardize"]),
        ("kinds.parquet", "", ["drop: [t]", " mean                # no cell is without a value", "input: 2"]),
        #[cfg(feature = "arrow")]
        (
            "kinds.feather",
            "",
            ["# neither numbers nor texts: t", " mean                # no cell is without a value", "input: 2"],
        ),
    ] {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/data").join(data);
        let mut neartop = Command::new(env!("CARGO_BIN_EXE_neartop"));
        neartop.args(["new", "--data", data.to_str().unwrap()]);
        if !labels.is_empty() {
            neartop.args(["--labels", labels]);
        }
        let output = neartop.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{}: {}", data.display(), String::from_utf8_lossy(&output.stderr));
        assert!(parts.iter().all(|part| text.contains(part)), "{parts:?}: {text}");
        let path = folder.path().join("new.yaml");
        fs::write(&path, text).unwrap();
        run("rank", &path, &["--repetitions", "1"]);
        run("train", &path, &["--repetitions", "1", "--top", "1", "--epochs", "1"]);
    }
}

#[test]
fn new_refuses_what_a_run_would_refuse() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/data/inf.npy");
    let new = Command::new(env!("CARGO_BIN_EXE_neartop")).args(["new", "--data", data.to_str().unwrap()]).output();
    let output = new.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(!output.status.success() && output.stdout.is_empty(), "{said}");
    assert!(said.contains("holds -inf") && said.contains("leave such samples out"), "{said}");
}

#[test]
fn a_check_opens_the_data() {
    let folder = copied("passengers");
    let network = "{input: 8, layers: [linear: 12, activation, linear: 1]}";
    let keys = "labels: survived, drop: [id, name, ticket], categories: one_hot, missing: mean";
    let check = |data: &str| {
        let path = preset(&folder, "p.yaml", data, network);
        Command::new(env!("CARGO_BIN_EXE_neartop")).args(["presets", "check", path.to_str().unwrap()]).output().unwrap()
    };
    let output = check(&format!("path: passengers.csv, {keys}"));
    let said = String::from_utf8(output.stdout).unwrap();
    for part in
        ["60 samples of 8 features: class, sex=female", "survived: 2 classes: 0 (39), 1 (21)", "task        binary"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(said.contains("16 cells without a value become the mean of the column: `age`"), "{said}");
    let output = check("path: passenger.csv");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && said.contains("did you mean `passengers.csv`"), "{said}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..proptest::prelude::ProptestConfig::with_cases(300) })]
    /// Whatever bytes a table has, it is read or refused, and rows are as long as it says.
    #[test]
    fn damaged_tables_end_in_errors(
        file in 0usize..6, at in 0.0..1.0f64, bytes: [u8; 3], keys in 0u8..18, encoding in 0u8..3
    ) {
        let names = [
            "passengers/passengers.csv", "gap-in-first-row/cells.csv", "columns-of-spaces/noise.data",
            "numeric-header/nir.csv", "two-targets/energy.csv", "whole-float-labels/y.csv",
        ];
        let mut text = fs::read(fixture(names[file])).unwrap();
        if encoding == 1 {
            text = String::from_utf8_lossy(&text).encode_utf16().flat_map(u16::to_le_bytes).collect();
        }
        let at = (at * text.len() as f64) as usize;
        text.splice(at..(at + 1).min(text.len()), bytes);
        let missing = [Missing::Error, Missing::Drop, Missing::Mean, Missing::Median, Missing::Value("0".into())];
        let categories = [Categories::Error, Categories::OneHot, Categories::Ordinal];
        let spec = TableSpec {
            missing: missing[usize::from(keys) % 5].clone(),
            categories: categories[usize::from(keys) % 3],
            columns: if keys % 2 == 0 { Columns::All } else { Columns::Without(texts(&["1", "4"])) },
            ..TableSpec::default()
        };
        let table = Table::named(["a.csv", "a.data", "a.tsv"][usize::from(encoding)], text).labels(&["2"]).with(spec);
        if let Ok(source) = open(&DataFrom::File(table.spec.clone())) {
            let all: Vec<_> = (0..source.count()).collect();
            source.read(&all, &mut |row| assert_eq!(row.len(), source.shape().elements())).unwrap();
            source.scan(&mut |row| assert!(row.iter().all(|x| x.is_finite()))).unwrap();
            source.summary().unwrap();
            let _ = (source.labels(), source.label_values(), source.class_names());
        }
        let _ = neartop_io::data::advise(&table.spec.path);
    }
}
