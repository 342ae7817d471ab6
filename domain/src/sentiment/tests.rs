//! What people say to somebody who calls them.

use proptest::prelude::*;

use super::*;

fn tone(text: &str) -> Tone {
    sentiment(text).tone
}

fn deciding(text: &str) -> Vec<String> {
    sentiment(text).words.into_iter().map(|word| word.text).collect()
}

#[test]
fn people_who_are_won_over_are_positive() {
    for text in [
        "Oh, that sounds great, tell me more.",
        "Yes, I'm interested. Could you send me an e-mail?",
        "Perfect, thank you so much!",
        "Sure, let's do it. Tuesday works for me.",
        "I'd love to see a demo, this is exactly what we need.",
        "It's not bad at all, actually.",
        "No problem, go ahead.",
        "I was sceptical at first, but this is really helpful.",
        "That’s very kind of you, we’d be happy to talk.",
    ] {
        assert_eq!(tone(text), Tone::Positive, "{text}: {:?}", sentiment(text));
    }
}

#[test]
fn people_who_want_to_be_left_alone_are_negative() {
    for text in [
        "Stop calling me!",
        "I'm not interested, thank you.",
        "No thanks. Please take me off your list.",
        "How did you get this number? This is harassment.",
        "We don't need it, and it is way too expensive.",
        "This is the third time this week, I am really annoyed.",
        "I am not happy with the service.",
        "That doesn't sound very good to me.",
        "Is this a scam?",
        "It was nice, but the support has been terrible.",
        "Do not call this number again.",
        "I can’t say I would recommend it.",
    ] {
        assert_eq!(tone(text), Tone::Negative, "{text}: {:?}", sentiment(text));
    }
}

#[test]
fn what_says_neither_is_neutral() {
    for text in [
        "",
        "Hello?",
        "Good morning, this is the front desk.",
        "He is in Chicago until Thursday.",
        "Who is this?",
        "Press one, right now?",
        "You have reached the voicemail of extension 204.",
        "The price is good but the delivery is slow.",
        "¿Quién habla?",
        "🙂 … --- ''' 12",
    ] {
        assert_eq!(tone(text), Tone::Neutral, "{text}: {:?}", sentiment(text));
    }
}

#[test]
fn the_words_that_decided_are_named_with_what_turned_them() {
    assert_eq!(deciding("It isn't really helpful. Stop calling."), ["isn't helpful", "stop calling"]);
    assert_eq!(deciding("Good morning! That sounds good."), ["sounds good"]);
    assert_eq!(deciding("Definitely happy, definitely."), ["happy", "definitely"]);
}

#[test]
fn a_negation_does_not_reach_into_the_next_sentence_nor_far() {
    assert_eq!(deciding("No. Great."), ["great"]);
    assert_eq!(deciding("not in the office today and happy"), ["happy"]);
}

#[test]
fn strong_words_weigh_more_than_weak_ones() {
    let score = |text: &str| sentiment(text).score;
    assert!(score("very happy") > score("happy") && score("happy") > score("somewhat happy"));
    assert!(score("terrible") < score("bad") && score("bad") < score("not good"));
    assert!(score("not terrible") > 0.0 && score("not terrible") < score("wonderful"));
}

#[test]
fn the_lists_are_sorted_in_lower_case_and_within_their_range() {
    for list in [WORDS, PHRASES] {
        assert!(list.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(list.iter().all(|(text, weight)| text.to_lowercase() == *text && (-3..=3).contains(weight)));
    }
    assert!(WORDS.iter().all(|(word, weight)| *weight != 0 && !word.contains(' ')));
    assert!(PHRASES.iter().all(|(phrase, _)| (2..=LONGEST_PHRASE).contains(&phrase.split(' ').count())));
}

#[test]
fn a_tone_is_read_back_from_its_word() {
    assert!(Tone::ALL.iter().all(|tone| Tone::parse(tone.as_str()) == Some(*tone)));
    assert_eq!(Tone::parse("angry"), None);
}

proptest! {
    #[test]
    fn any_text_has_a_score_in_range_that_agrees_with_its_tone(text in "(\\PC| |very|not|great|awful|but|\\.){0,60}") {
        let found = sentiment(&text);
        prop_assert!(found.score.abs() < 1.0, "{}", found.score);
        prop_assert_eq!(found.tone, Tone::of_score(found.score));
        prop_assert!(!found.words.is_empty() || found.score == 0.0);
    }
}
