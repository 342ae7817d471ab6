//! Passwords of twelve characters and more that are tried first: words everyone thinks of, walks over the
//! keyboard, and both with the usual endings.

/// What the usual guesses begin with, lower case.
const STEMS: [&str; 62] = [
    "password",
    "passw0rd",
    "p@ssword",
    "p@ssw0rd",
    "passphrase",
    "passwort",
    "contraseña",
    "motdepasse",
    "senha",
    "parola",
    "welcome",
    "welcomeback",
    "letmein",
    "letmeinplease",
    "iloveyou",
    "iloveyouso",
    "iloveyouforever",
    "administrator",
    "admin",
    "adminadmin",
    "superuser",
    "changeme",
    "changemenow",
    "changeit",
    "secret",
    "topsecret",
    "trustno1",
    "qwerty",
    "qwertyuiop",
    "qwertyuiop[]",
    "qwertz",
    "qwertzuiop",
    "azerty",
    "azertyuiop",
    "asdfghjkl",
    "asdfghjkl;'",
    "zxcvbnm",
    "1q2w3e4r",
    "1q2w3e4r5t6y",
    "1qaz2wsx",
    "1qaz2wsx3edc",
    "zaq12wsx",
    "q1w2e3r4t5y6",
    "qazwsxedc",
    "qazwsxedcrfv",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "basketball",
    "superman",
    "batman",
    "dragon",
    "monkey",
    "master",
    "michael",
    "jennifer",
    "internet",
    "computer",
    "whatever",
    "starwars",
    "callcenter",
];

/// What people add to a word to make it long enough.
const ENDINGS: [&str; 24] = [
    "",
    "1",
    "12",
    "123",
    "1234",
    "12345",
    "123456",
    "1234567",
    "12345678",
    "123456789",
    "!",
    "!!",
    "!!!",
    "1!",
    "12!",
    "123!",
    "1234!",
    "@123",
    "#123",
    "2024",
    "2025",
    "2026",
    "abc",
    "abc123",
];

/// Whether a lower-case password is among the first to be tried.
pub(super) fn contains(lower: &str) -> bool {
    STEMS.iter().any(|stem| {
        let mut rest = lower;
        let mut times = 0;
        // passwordpassword1 is no better than password1.
        while let Some(after) = rest.strip_prefix(stem) {
            (rest, times) = (after, times + 1);
        }
        times > 0 && ENDINGS.contains(&rest)
    })
}

#[cfg(test)]
mod tests {
    use super::contains;

    #[test]
    fn words_everyone_thinks_of_are_found_with_their_endings_and_repeated() {
        for common in ["password1234", "passwordpassword", "qwertyuiop12", "1qaz2wsx3edc", "welcome12345"] {
            assert!(contains(common), "{common}");
        }
        for fine in ["password to my heart", "the dragon of 1234", "unthinkable rhubarb"] {
            assert!(!contains(fine), "{fine}");
        }
    }
}
