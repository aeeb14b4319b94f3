//! `token new`.

use super::{SHOP, pointsman};
use std::fs;

#[test]
fn a_new_token_is_shown_once_and_the_config_gets_only_its_hash() {
    let made = |role: &str| pointsman(&["token", "new", "--id", "on-call", "--role", role]);
    let (one, other) = (made("operator"), made("viewer"));
    assert_eq!((one.code, one.err.as_str()), (0, ""));
    let (token, lines) = one.out.split_once('\n').unwrap();
    let hash = pointsman::admin_token::TokenHash::of(token).unwrap();
    assert!(!lines.contains(token), "{lines}");
    assert!(lines.contains(&format!("sha256 = \"{hash}\"")), "{lines}");
    assert!(lines.contains("id = \"on-call\"\nrole = \"operator\""), "{lines}");
    assert!(!other.out.starts_with(token), "each is another one");
    let path = std::env::temp_dir().join(format!("pointsman-{}.toml", std::process::id()));
    fs::write(&path, format!("{}\n{lines}", fs::read_to_string(SHOP).unwrap())).unwrap();
    let sound = pointsman(&["canonical", path.to_str().unwrap()]);
    fs::remove_file(&path).unwrap();
    assert_eq!(sound.code, 0, "{}", sound.err);
    assert_ne!(made("admin").code, 0);
}
