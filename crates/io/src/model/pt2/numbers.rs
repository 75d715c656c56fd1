//! Numbers that Python writes into JSON, and JSON does not have.

/// How Python writes them, and the strings that later versions of PyTorch write in their place.
const WORDS: [(&[u8], &[u8]); 3] =
    [(b"-Infinity", b"\"-Infinity\""), (b"Infinity", b"\"Infinity\""), (b"NaN", b"\"NaN\"")];

/// The text with these numbers as strings.
pub fn quoted(text: Vec<u8>) -> Vec<u8> {
    let mut new = Vec::new();
    let (mut at, mut kept, mut is_string) = (0, 0, false);
    while at < text.len() {
        match text[at] {
            b'\\' if is_string => at += 1,
            b'"' => is_string = !is_string,
            b'-' | b'I' | b'N' if !is_string => {
                if let Some((word, string)) = WORDS.iter().find(|(word, _)| text[at..].starts_with(word)) {
                    new.extend_from_slice(&text[kept..at]);
                    new.extend_from_slice(string);
                    at += word.len();
                    kept = at;
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    if kept == 0 {
        return text;
    }
    new.extend_from_slice(&text[kept..]);
    new
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn numbers_become_strings_and_strings_stay() {
        let of = |text: &str| String::from_utf8(quoted(text.as_bytes().to_vec())).unwrap();
        let new = of(r#"{"max": Infinity, "min": [-Infinity, -1, NaN], "a NaN \" Infinity": "-Infinity\\", "b": NaN}"#);
        assert_eq!(
            new,
            r#"{"max": "Infinity", "min": ["-Infinity", -1, "NaN"], "a NaN \" Infinity": "-Infinity\\", "b": "NaN"}"#
        );
        assert!(serde_json::from_str::<serde_json::Value>(&new).is_ok());
        for text in ["", "{}", r#"{"Infinity": -1}"#, r#"{"a": "\"#, "-"] {
            assert_eq!(of(text), text);
        }
    }
}
