//! What Whisper makes up when there is nothing to hear, recognised as such.
//!
//! Trained on subtitles, it writes their stock phrases over silence, music and noise, repeats itself, or echoes its own
//! prompt. Each of those is refused here, after the model's own thresholds; what remains is the text as it was spoken.

/// Whole utterances that are never meant for a mirror, letters only, lower case.
const INVENTED: &[&str] = &[
    "you",
    "bye",
    "byebye",
    "thankyou",
    "thankyouverymuch",
    "thanksforwatching",
    "thankyouforwatching",
    "thankyousomuchforwatching",
    "seeyounexttime",
    "seeyouinthenextvideo",
    "pleasesubscribe",
    "likeandsubscribe",
    "谢谢",
    "谢谢大家",
    "谢谢观看",
    "謝謝觀看",
    "感谢观看",
    "謝謝大家",
    "再见",
];

/// Parts that give subtitles away, letters only, lower case.
const INVENTED_PARTS: &[&str] = &[
    "amaraorg",
    "subtitlesby",
    "subtitlesmadeby",
    "captionsby",
    "transcribedby",
    "translatedby",
    "subscribetomychannel",
    "subscribetothechannel",
    "dontforgettosubscribe",
    "字幕由",
    "字幕志愿者",
    "字幕提供",
    "请不吝点赞",
    "請不吝點贊",
    "點點欄目",
    "点点栏目",
    "订阅我的频道",
];

/// A unit of so many words that comes more often than this in a row was not spoken ("no, no, no" is three).
const MOST_REPEATS: [(std::ops::RangeInclusive<usize>, usize); 3] = [(1..=3, 4), (4..=5, 3), (6..=32, 2)];
/// Nobody says more letters a second; Chinese characters count three.
const MOST_LETTERS_A_SECOND: f64 = 30.0;
/// More than that, the silence around included, is not said twice by somebody who means it.
const UNHURRIED_LETTERS_A_SECOND: f64 = 18.0;
/// Fewer words are no sentence that could be written again.
const SENTENCE_WORDS: usize = 3;
/// That many letters of the shown names in a row are an echo of them.
const ECHO_LETTERS: usize = 20;

/// The text as it should be shown, or `None` where it was made up. `names` is the list that the model was shown.
#[must_use]
pub fn spoken_text(raw: &str, length_s: f64, names: &str) -> Option<String> {
    let text = without_stage_directions(raw);
    let text = once(&text, length_s).unwrap_or(text);
    let letters = letters_of(&text);
    if letters.is_empty() || INVENTED.contains(&letters.as_str()) {
        return None;
    }
    if INVENTED_PARTS.iter().any(|part| letters.contains(part)) || repeats(&text) {
        return None;
    }
    if weight(&letters) > MOST_LETTERS_A_SECOND * length_s.max(0.5) {
        return None;
    }
    if letters.chars().count() >= ECHO_LETTERS && letters_of(names).contains(&letters) {
        return None;
    }
    Some(text)
}

/// How long it takes to say, in Latin letters.
fn weight(letters: &str) -> f64 {
    letters.chars().map(|letter| if letter.is_ascii() { 1.0 } else { 3.0 }).sum()
}

/// A sentence that the model wrote again and again, once; `None` where there is no such, or where there was the time to say
/// it so often. The shorter an utterance, the likelier Whisper goes on with its own words; the first of them was heard.
fn once(text: &str, length_s: f64) -> Option<String> {
    if weight(&letters_of(text)) <= UNHURRIED_LETTERS_A_SECOND * length_s.max(0.5) {
        return None;
    }
    let spoken: Vec<&str> = text.split_whitespace().collect();
    let words: Vec<String> = spoken.iter().map(|word| letters_of(word)).collect();
    let length = (SENTENCE_WORDS..=words.len() / 2).find(|length| {
        // The last time may be cut off.
        words.iter().enumerate().all(|(place, word)| *word == words[place % length])
    })?;
    Some(spoken[..length].join(" "))
}

/// Without "[Music]", "(applause)", "*sighs*" and notes; spaces made single.
fn without_stage_directions(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut closing = None;
    for letter in raw.chars() {
        match (closing, letter) {
            (Some(end), _) if letter == end => closing = None,
            (Some(_), _) | (None, '♪' | '♫' | '\u{fffd}') => {}
            (None, '[') => closing = Some(']'),
            (None, '(') => closing = Some(')'),
            (None, '（') => closing = Some('）'),
            (None, '【') => closing = Some('】'),
            (None, '*') => closing = Some('*'),
            (None, _) => text.push(letter),
        }
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

fn letters_of(text: &str) -> String {
    text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether a run of words (or characters, where there are no words) comes again and again.
fn repeats(text: &str) -> bool {
    let units: Vec<String> = text
        .split(|letter: char| !letter.is_alphanumeric() && letter != '\'')
        .filter(|word| !word.is_empty())
        .flat_map(|word| match word.is_ascii() {
            true => vec![word.to_lowercase()],
            false => word.chars().map(String::from).collect(),
        })
        .collect();
    MOST_REPEATS.iter().flat_map(|(lengths, most)| lengths.clone().map(move |length| (length, most + 1))).any(
        |(length, times)| {
            let least = length * times;
            units.len() >= least
                && units.windows(least).any(|window| window.chunks(length).all(|part| part == &window[..length]))
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(text: &str) -> bool {
        spoken_text(text, 3.0, "sword, crown, make it blue, ice kingdom").is_some()
    }

    #[test]
    fn what_people_say_passes() {
        for text in [
            "Hey, this is my hand. I want to hold a sword.",
            "No, no, no: make it bigger, make it blue.",
            "大一点，大一点，变成蓝色",
            "Thank you, now make it blue",
            "I want you",
            "undo",
        ] {
            assert!(passes(text), "{text}");
        }
        assert_eq!(spoken_text("  give me   a crown ", 2.0, "").as_deref(), Some("give me a crown"));
    }

    #[test]
    fn what_is_made_up_does_not() {
        for text in [
            "",
            " . ",
            "you",
            "Thank you.",
            "Thanks for watching!",
            "[Music]",
            "(upbeat music) ♪",
            "*coughs*",
            "Subtitles by the Amara.org community",
            "字幕由Amara.org社区提供",
            "请不吝点赞 订阅 转发",
            "谢谢观看",
        ] {
            assert!(!passes(text), "{text}");
        }
    }

    #[test]
    fn endless_repeats_are_refused_and_three_noes_are_not() {
        assert!(!passes("blue blue blue blue blue"));
        assert!(!passes("make it a make it a make it a make it a make it a"));
        assert!(!passes("哈哈哈哈哈哈"));
        let sentence = "when the report is ready to go we will see it again and more";
        assert!(spoken_text(&[sentence; 3].join(". "), 15.0, "").is_none());
        assert!(spoken_text(&[sentence; 2].join(". "), 15.0, "").is_some());
        assert!(passes("no no no no"));
    }

    #[test]
    fn a_sentence_written_again_and_again_was_said_once() {
        let said = |text: &str, length_s| spoken_text(text, length_s, "");
        let six = "Give me a crown. Give me a crown. Give me a crown. Give me a crown. Give me a crown. Give me a";
        assert_eq!(said(six, 1.3).as_deref(), Some("Give me a crown."));
        assert_eq!(said("Add an elephant, add an elephant", 1.2).as_deref(), Some("Add an elephant,"));
        // There was the time to say it twice.
        assert_eq!(said("Make it bigger, make it bigger", 2.4).as_deref(), Some("Make it bigger, make it bigger"));
        assert_eq!(said("No, no, no", 0.6).as_deref(), Some("No, no, no"));
        assert_eq!(said("Give me a sword and a crown", 1.3).as_deref(), Some("Give me a sword and a crown"));
    }

    #[test]
    fn more_than_can_be_said_in_the_time_is_refused() {
        let text = "give me a crown and a sword and a cape and take me to the ice kingdom now";
        assert!(spoken_text(text, 4.0, "").is_some());
        assert!(spoken_text(text, 0.6, "").is_none());
    }

    #[test]
    fn an_echo_of_the_names_is_refused_but_the_words_are_not() {
        let names = "Sword, crown, wizard hat, ice kingdom.";
        assert!(spoken_text("crown, wizard hat, ice kingdom", 3.0, names).is_none());
        assert!(spoken_text("give me a sword", 2.0, names).is_some());
    }
}
