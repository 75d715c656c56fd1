//! Images as people have them.

use std::fs;
use std::path::{Path, PathBuf};

use neartop_core::network::Shape;
use neartop_io::data::{ArraySpec, DataFrom, FileSpec, Labels, LabelsFrom, Source, open, open_for};

use super::{assert_complains, complaint, fixture, rows, scratch, write};

fn images(path: PathBuf, size: Option<(usize, usize)>) -> DataFrom {
    DataFrom::File(FileSpec { path, arrays: ArraySpec { size, ..ArraySpec::default() }, ..FileSpec::default() })
}

/// All samples of a source, and those of a file with its values from elsewhere.
fn both(source: &dyn Source, reference: &str) -> (Vec<Vec<f32>>, Vec<Vec<f32>>) {
    let reference = super::source(reference, None);
    let all: Vec<_> = (0..source.count()).collect();
    assert_eq!((source.count(), source.shape()), (reference.count(), reference.shape()));
    (rows(source, &all), rows(reference.as_ref(), &all))
}

fn told(source: &dyn Source) -> Vec<String> {
    source.assumptions().iter().map(ToString::to_string).collect()
}

#[test]
fn sixteen_bits_are_kept() {
    let scans = open(&images(fixture("scans"), None)).unwrap();
    let (read, expected) = both(scans.as_ref(), "scans-ref.npy");
    assert_eq!(read, expected);
    assert_eq!(told(scans.as_ref()), Vec::<String>::new());
    let folder = scratch();
    fs::copy(fixture("scans/a/00.png"), folder.path().join("a.png")).unwrap();
    fs::copy(fixture("farm/cat/0.png"), folder.path().join("b.png")).unwrap();
    assert_complains(folder.path(), None, &["b.png", "8 bits a channel", "16 bits"]);
}

#[test]
fn tiff_and_gif_are_images() {
    let farm = open_for(&images(fixture("farm"), None), &Shape(vec![1, 8, 8])).unwrap();
    let (read, expected) = both(farm.as_ref(), "farm-ref.npy");
    assert_eq!(read, expected);
    let Some(Labels::Classes { of, count: 3 }) = farm.labels().unwrap() else { panic!("three classes") };
    assert_eq!((of[0], of[8], of[23]), (0, 1, 2));
}

#[test]
fn images_of_many_sizes_are_resized_where_a_size_is_given() {
    let flowers = open(&images(fixture("flowers"), Some((8, 8)))).unwrap();
    let (read, expected) = both(flowers.as_ref(), "flowers-ref.npy");
    // Not `assert_eq`, which would print all of them.
    assert!(read == expected);
    assert!(told(flowers.as_ref())[0].contains("8 rows and 8 columns"));
    assert_complains(&fixture("flowers"), None, &[".jpg", "`size: [12, 21]`"]);
    let error = open_for(&images(fixture("flowers"), None), &Shape(vec![3, 8, 8])).err().unwrap().to_string();
    assert!(error.contains("`size: [8, 8]`"), "{error}");
}

#[test]
fn colours_are_kept_where_the_first_image_is_grey() {
    let folder = scratch();
    fs::copy(fixture("farm/cat/0.png"), folder.path().join("a.png")).unwrap();
    assert_eq!(open(&images(folder.path().into(), Some((8, 8)))).unwrap().shape().0, [1, 8, 8]);
    fs::copy(fixture("flowers/rose/0.jpg"), folder.path().join("b.jpg")).unwrap();
    let both = open(&images(folder.path().into(), Some((8, 8)))).unwrap();
    assert_eq!(both.shape().0, [3, 8, 8]);
    let [grey, colours] = <[_; 2]>::try_from(rows(both.as_ref(), &[0, 1])).unwrap();
    assert!(grey[..64] == grey[64..128] && colours[..64] != colours[64..128]);
    // The network's input decides where it says.
    let grey = open_for(&images(folder.path().into(), Some((8, 8))), &Shape(vec![1, 8, 8])).unwrap();
    assert_eq!(grey.shape().0, [1, 8, 8]);
}

/// Pillow's `convert("L")` of (200, 100, 50) and (10, 20, 30).
#[test]
fn grey_is_what_pillow_makes_of_colours() {
    let grey = open_for(&images(fixture("colours"), None), &Shape(vec![1, 4, 5])).unwrap();
    let colours = super::source("colours", None);
    for (grey, rgb) in rows(grey.as_ref(), &[0, 3]).iter().zip(rows(colours.as_ref(), &[0, 3])) {
        for (i, x) in grey.iter().enumerate() {
            let [r, g, b] = [rgb[i], rgb[20 + i], rgb[40 + i]];
            assert_eq!(*x, ((19595.0 * r + 38470.0 * g + 7471.0 * b + 32768.0) / 65536.0).floor());
        }
    }
}

/// Every kind of JPEG to the last bit: by Pillow 13, which decodes by libjpeg-turbo.
#[test]
fn jpeg_is_what_pillow_decodes() {
    let kinds = open(&images(fixture("jpeg-kinds"), None)).unwrap();
    let (read, expected) = both(kinds.as_ref(), "jpeg-kinds-ref.npy");
    for ((file, read), expected) in (0..).zip(&read).zip(&expected) {
        assert!(read == expected, "file {file}");
    }
    let grey = open_for(&images(fixture("jpeg-kinds"), None), &Shape(vec![1, 21, 27])).unwrap();
    assert_eq!(grey.shape(), &Shape(vec![1, 21, 27]));
}

fn lay(root: &Path, files: &[&str]) {
    for file in files {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match path.extension().is_some_and(|e| e == "png") {
            true => fs::copy(fixture("farm/cat/0.png"), path).map(drop).unwrap(),
            false => fs::write(path, "words").unwrap(),
        }
    }
}

/// The classes of the images in a folder that is laid out so, and what is said about them.
fn laid(files: &[&str]) -> (Vec<u32>, Vec<String>) {
    let folder = scratch();
    lay(folder.path(), files);
    let source = open(&images(folder.path().to_owned(), None)).unwrap();
    let of = match source.labels().unwrap() {
        Some(Labels::Classes { of, .. }) => of,
        _ => Vec::new(),
    };
    (of, told(source.as_ref()))
}

#[test]
fn folders_of_many_layouts_are_read() {
    let (of, told) = laid(&["a/1.png", "b/1.png", "b/2.png"]);
    assert_eq!((of, told), (vec![0, 1, 1], Vec::new()));
    let (of, told) = laid(&["train/a/1.png", "train/b/1.png", "val/a/1.png", "val/b/2.png"]);
    assert_eq!((of, told), (vec![0, 1], vec!["of the parts of the data `train` is taken; left out: `val`".to_owned()]));
    let (of, told) = laid(&["train/1.png", "train/2.png", "test/1.png"]);
    assert_eq!((of, told.len()), (Vec::new(), 1));
    let (of, told) = laid(&["set/a/1.png", "set/b/1.png"]);
    assert_eq!(of, [0, 1]);
    assert!(told[0].starts_with("the classes are taken from the folder"), "{told:?}");
    let (of, told) = laid(&["set/Train/a/1.png", "set/Train/b/1.png", "set/test/a/1.png"]);
    assert_eq!((of, told.len()), (vec![0, 1], 2));
    let (of, told) = laid(&["a/images/1.png", "a/images/2.png", "b/images/1.png"]);
    assert_eq!(
        (of, told),
        (
            vec![0, 0, 1],
            vec!["3 images in folders below those of their classes are taken for these classes".to_owned()]
        )
    );
    let (of, told) = laid(&["a/1.png", "b/1.png", "b/notes.txt", "readme.md", "b/x.heic", "a/.hidden", "a/Thumbs.db"]);
    assert_eq!(
        (of, told),
        (
            vec![0, 1],
            vec!["3 files are left out, since no image of that kind is read: 1 .heic, 1 .md, 1 .txt".to_owned()]
        )
    );
}

#[test]
fn a_class_does_not_vanish() {
    let folder = scratch();
    lay(folder.path(), &["a/1.png", "b/1.heic", "b/2.heic"]);
    assert_complains(folder.path(), None, &["b: the folder of a class", "2 .heic", "convert"]);
    let folder = scratch();
    lay(folder.path(), &["x/cat/1.png", "x/dog/1.png", "y/cat/1.png", "y/dog/1.png"]);
    assert_complains(folder.path(), None, &["`x`, `y`", "`cat`, `dog`", "`path`"]);
    #[cfg(unix)]
    {
        let folder = scratch();
        lay(folder.path(), &["a/1.png", "b/1.png"]);
        std::os::unix::fs::symlink("..", folder.path().join("a/loop")).unwrap();
        assert!(open(&images(folder.path().to_owned(), None)).is_ok());
    }
    let folder = scratch();
    write(&folder, "a.tif", b"II*\0\xff\xff\xff\xff");
    assert!(complaint(folder.path(), None).contains("a.tif"));
}

#[test]
fn what_images_say_and_is_not_heeded_is_said() {
    let source = open(&images(fixture("unheeded"), Some((8, 8)))).unwrap();
    let told = told(source.as_ref()).join("\n");
    // Two photographs that lie on their side and a drawing upside down; a GIF, a TIFF, a WebP and a PNG of several frames.
    assert!(told.contains("3 of 9 images are to be turned (Exif)"), "{told}");
    assert!(told.contains("only the first frame of an image is read, but 4 of 9 images have several"), "{told}");
    let farm = open_for(&images(fixture("farm"), None), &Shape(vec![1, 8, 8])).unwrap();
    assert_eq!(farm.assumptions(), []);
}

#[test]
fn images_that_a_table_lists_twice_are_said() {
    let folder = scratch();
    for name in ["a", "b", "c", "d"] {
        fs::copy(fixture("farm/cat/0.png"), folder.path().join(format!("{name}.png"))).unwrap();
    }
    let listed = |text: &str| {
        let labels = write(&folder, "labels.csv", text.as_bytes());
        let labels = Some(LabelsFrom::File(labels));
        let source = open(&DataFrom::File(FileSpec { labels, ..FileSpec::new(folder.path().to_owned()) })).unwrap();
        (source.count(), told(source.as_ref()).join("\n"))
    };
    let (samples, told) = listed("image,label\na.png,cat\nb.png,dog\na.png,dog\nc.png,cat\nc.png,cat\n");
    assert_eq!(samples, 5);
    assert!(
        told.contains("2 images are listed several times, and each line is a sample; the labels of 1 of them"),
        "{told}"
    );
    // One of the four is not listed, however often others are.
    assert!(told.contains("1 image of the folder is left out"), "{told}");
    let (_, told) = listed("image,label\na.png,cat\nb.png,dog\nc.png,cat\nd.png,dog\n");
    assert!(!told.contains("several times") && !told.contains("left out"), "{told}");
}
