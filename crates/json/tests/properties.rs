//! A value that is written is read again as the same value, and no text without its end is read.

use json::{Json, Number};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

/// Any value with texts in UTF-8: other bytes are written as U+FFFD, and are lost.
fn value() -> impl Strategy<Value = Json> {
    let number =
        prop_oneof![any::<i64>().prop_map(Number::from), any::<u64>().prop_map(Number::from),];
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        number.prop_map(Json::Number),
        any::<String>().prop_map(Json::text),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        let object = btree_map(any::<String>(), inner.clone(), 0..6)
            .prop_map(|map| map.into_iter().map(|(name, value)| (name.into_bytes(), value)))
            .prop_map(|members| Json::Object(members.collect()));
        prop_oneof![vec(inner, 0..6).prop_map(Json::List), object]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(value in value()) {
        prop_assert_eq!(Json::read(value.to_string().as_bytes()), Ok(value));
    }

    #[test]
    fn a_text_without_its_end_is_refused(value in value(), cut in any::<prop::sample::Index>()) {
        let text = value.to_string();
        // The beginning of a number is a number too.
        prop_assume!(matches!(value, Json::List(_) | Json::Object(_) | Json::Text(_)));
        prop_assert!(Json::read(&text.as_bytes()[..cut.index(text.len())]).is_err());
    }

    #[test]
    fn any_number_is_kept(text in "-?(0|[1-9][0-9]{0,30})([.][0-9]{1,20})?([eE][+-]?[0-9]{1,4})?") {
        let read = Json::read(text.as_bytes()).unwrap();
        prop_assert_eq!(read.to_string(), text);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..200)) {
        let _ = Json::read(&bytes);
    }
}
