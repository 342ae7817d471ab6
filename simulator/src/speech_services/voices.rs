//! The voices of the speech service: named after stones, so that nobody takes them for people.

use serde_json::{Value, json};

use crate::dice::Dice;

const NAMES: [&str; 23] = [
    "Agate",
    "Amber",
    "Basalt",
    "Beryl",
    "Chalk",
    "Citrine",
    "Coral",
    "Flint",
    "Garnet",
    "Granite",
    "Jade",
    "Jasper",
    "Lapis",
    "Marble",
    "Obsidian",
    "Onyx",
    "Opal",
    "Pearl",
    "Quartz",
    "Ruby",
    "Sandstone",
    "Slate",
    "Topaz",
];
const ACCENTS: [&str; 4] = ["american", "british", "australian", "irish"];
const USES: [&str; 3] = ["conversational", "narration", "advertisement"];

/// How many there are.
pub(super) const COUNT: usize = NAMES.len();

/// One voice as the service describes it.
pub(super) fn view(place: usize, base_url: &str) -> Value {
    let (id, mut dice) = (id(place), Dice::new(0, &["voice", NAMES[place]]));
    let mut pick = |choices: &[&'static str]| choices[(dice.bits() % choices.len() as u64) as usize];
    json!({
        "voice_id": id,
        "name": NAMES[place],
        "category": "premade",
        "labels": {
            "accent": pick(&ACCENTS),
            "age": pick(&["young", "middle_aged", "old"]),
            "gender": pick(&["female", "male", "neutral"]),
            "use_case": pick(&USES),
            "language": "en",
        },
        "description": "A voice of the box: it hums.",
        "preview_url": format!("{base_url}/_previews/{id}"),
        "available_for_tiers": [],
        "settings": null,
        "samples": null,
    })
}

/// Whether there is such a voice.
pub(super) fn exists(wanted: &str) -> bool {
    (0..COUNT).any(|place| id(place) == wanted)
}

/// The places of the voices whose names contain a text.
pub(super) fn named(search: &str) -> Vec<usize> {
    let search = search.to_lowercase();
    (0..COUNT).filter(|place| NAMES[*place].to_lowercase().contains(&search)).collect()
}

/// Twenty letters and digits, as the service's are.
fn id(place: usize) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut dice = Dice::new(0, &["voice id", NAMES[place]]);
    (0..20).map(|_| char::from(LETTERS[(dice.bits() % LETTERS.len() as u64) as usize])).collect()
}
