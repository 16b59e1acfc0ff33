//! An utterance as units: words of alphabetic scripts, single characters of Chinese.
//!
//! What a recogniser, a keyboard or a form writes differently although it means the same becomes equal here: case,
//! width, quotes, contractions ("don't"), spellings without apostrophe ("dont"), traditional characters, drawn-out
//! letters ("biiig"), stuttering ("a a sword").

use super::lexicon::Lexicon;

/// The most units that are looked at; what follows is chatter at any rate.
pub const MAX_UNITS: usize = 1200;
/// The longest word that is looked at, in bytes.
const MAX_WORD_BYTES: usize = 48;

/// What stood between a unit and the one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gap {
    /// Nothing, or a space.
    #[default]
    None,
    /// A comma or its like.
    Comma,
    /// The end of a sentence.
    Stop,
}

/// One word, or one Chinese character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// In its plainest form.
    pub text: String,
    /// Where it stood in the utterance, in bytes.
    pub start: usize,
    pub end: usize,
    /// What stood before it.
    pub gap: Gap,
}

/// One character in its plainest form: lower case, half width, simple quotes.
pub fn fold(c: char) -> char {
    let c = match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        '\u{3000}' | '\u{a0}' => ' ',
        '‘' | '’' | '`' | '´' => '\'',
        _ => c,
    };
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => unaccented(one),
        _ => c,
    }
}

/// The letter without its accent, for the few that English borrows.
fn unaccented(c: char) -> char {
    match c {
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'á' | 'à' | 'â' | 'ä' => 'a',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'ö' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ñ' => 'n',
        'ç' => 'c',
        _ => c,
    }
}

/// Whether the character is a Chinese one.
pub fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{2ffff}')
}

/// Cuts an utterance into units.
pub fn units(utterance: &str, lexicon: &Lexicon) -> Vec<Unit> {
    let mut found: Vec<Unit> = Vec::new();
    let mut word = String::new();
    let mut word_start = 0;
    let mut gap = Gap::Stop;
    let mut chars = utterance.char_indices().peekable();
    while let Some((at, original)) = chars.next() {
        let c = fold(original);
        let next = chars.peek().map(|&(_, c)| fold(c));
        let inside = !word.is_empty() && next.is_some_and(char::is_alphanumeric);
        let joins = match c {
            '\'' => inside,
            '.' | ',' => {
                inside && word.ends_with(|c: char| c.is_ascii_digit()) && next.is_some_and(|c| c.is_ascii_digit())
            }
            _ => c.is_alphanumeric() && !is_han(c),
        };
        if joins {
            if word.is_empty() {
                word_start = at;
            }
            word.push(c);
            continue;
        }
        push_word(&mut found, &mut word, word_start, at, &mut gap, lexicon);
        if found.len() >= MAX_UNITS {
            return without_stutter(found, lexicon);
        }
        if is_han(c) {
            let simple = lexicon.simplified(c);
            found.push(Unit { text: simple.to_string(), start: at, end: at + original.len_utf8(), gap });
            gap = Gap::None;
        } else if c == '-' && next.is_some_and(char::is_alphanumeric) {
            // "Elsa-themed", "twenty-one": two words without a pause.
        } else if let Some(name) = lexicon.respelled(original.encode_utf8(&mut [0; 4])) {
            // A picture of a thing stands for its name.
            word.push_str(name);
            push_word(&mut found, &mut word, at, at + original.len_utf8(), &mut gap, lexicon);
        } else {
            gap = gap.max(gap_of(c));
        }
    }
    push_word(&mut found, &mut word, word_start, utterance.len(), &mut gap, lexicon);
    without_stutter(without_softeners(found, lexicon), lexicon)
}

fn gap_of(c: char) -> Gap {
    match c {
        ',' | ';' | ':' | '、' | '–' | '—' | '-' | '(' | ')' | '/' | '"' | '“' | '”' | '「' | '」' => {
            Gap::Comma
        }
        '.' | '!' | '?' | '。' | '…' | '\n' => Gap::Stop,
        _ => Gap::None,
    }
}

/// Ends the word that was being read: spelled as the lexicon spells it, possibly as several units.
fn push_word(found: &mut Vec<Unit>, word: &mut String, start: usize, end: usize, gap: &mut Gap, lexicon: &Lexicon) {
    if word.is_empty() {
        return;
    }
    let mut text = std::mem::take(word);
    if text.len() > MAX_WORD_BYTES {
        text.truncate((0..=MAX_WORD_BYTES).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0));
    }
    let mut parts = Vec::new();
    spell(&text, lexicon, &mut parts);
    for part in parts {
        if lexicon.is_hesitation(&part) {
            continue;
        }
        found.push(Unit { text: part, start, end, gap: *gap });
        *gap = Gap::None;
    }
}

/// "don't" -> do, not; "dont" -> do, not; "elsa's" -> elsa, 's; "biiiig" -> big.
fn spell(word: &str, lexicon: &Lexicon, parts: &mut Vec<String>) {
    if let Some(spelled) = lexicon.respelled(word) {
        parts.extend(spelled.split(' ').map(str::to_owned));
        return;
    }
    if let Some((stem, suffix)) = word.rsplit_once('\'') {
        let full = match suffix {
            "s" => "'s",
            "re" => "are",
            "ll" => "will",
            "ve" => "have",
            "d" => "would",
            "m" => "am",
            "em" => "them",
            _ => "",
        };
        if !full.is_empty() && !stem.is_empty() {
            spell(stem, lexicon, parts);
            parts.push(full.to_owned());
            return;
        }
    }
    if !lexicon.knows_word(word) {
        if let Some(words) = lexicon.unglued(word) {
            parts.extend(words.into_iter().map(str::to_owned));
            return;
        }
        for keep in [2, 1] {
            let short = shortened_runs(word, keep);
            if short != word && (lexicon.knows_word(&short) || lexicon.is_hesitation(&short) || keep == 1) {
                parts.push(short);
                return;
            }
        }
    }
    parts.push(word.to_owned());
}

/// The word with every run of three or more equal letters cut to `keep`.
fn shortened_runs(word: &str, keep: usize) -> String {
    let chars: Vec<char> = word.chars().collect();
    let mut short = String::with_capacity(word.len());
    let mut at = 0;
    while at < chars.len() {
        let run = chars[at..].iter().take_while(|&&c| c == chars[at]).count();
        let kept = if run >= 3 && chars[at].is_alphabetic() { keep } else { run };
        short.extend(std::iter::repeat_n(chars[at], kept));
        at += run;
    }
    short
}

/// Leaves out what only softens a request in its middle: "could we *maybe possibly* see".
fn without_softeners(mut units: Vec<Unit>, lexicon: &Lexicon) -> Vec<Unit> {
    for at in (1..units.len().saturating_sub(1)).rev() {
        let follows = |unit: &Unit| lexicon.is_softened(&unit.text) || lexicon.softens(&unit.text);
        if lexicon.softens(&units[at].text)
            && follows(&units[at - 1])
            && units[at..=at + 1].iter().all(|unit| unit.gap == Gap::None)
        {
            units.remove(at);
        }
    }
    units
}

/// Leaves out a word that was broken off and begun again: "give me a *swo*, a sword".
pub fn without_false_starts(mut units: Vec<Unit>, lexicon: &Lexicon) -> Vec<Unit> {
    let article = |unit: &Unit| matches!(unit.text.as_str(), "a" | "an" | "the" | "my" | "some");
    for at in (0..units.len().saturating_sub(1)).rev() {
        let text = &units[at].text;
        if !(2..=8).contains(&text.len()) || !text.is_ascii() || lexicon.knows_word(text) {
            continue;
        }
        let next = at + 1 + usize::from(at + 2 < units.len() && article(&units[at + 1]));
        let whole = &units[next].text;
        if whole.len() > text.len() + 1 && whole.starts_with(text.as_str()) && lexicon.knows_word(whole) {
            // The article that was said again goes with it.
            let repeats = next == at + 2 && at > 0 && article(&units[at - 1]);
            units.drain(at..at + 1 + usize::from(repeats));
            if let Some(unit) = units.get_mut(at).filter(|_| repeats || at > 0) {
                unit.gap = Gap::None;
            }
        }
    }
    units
}

/// Says once what was said twice in a row by stuttering: "a a sword", "i want i want wings". Words whose repetition
/// means something ("bigger bigger") stay.
fn without_stutter(units: Vec<Unit>, lexicon: &Lexicon) -> Vec<Unit> {
    let mut kept: Vec<Unit> = Vec::with_capacity(units.len());
    for unit in units {
        kept.push(unit);
        for length in 1..=3 {
            let Some(middle) = kept.len().checked_sub(length) else { break };
            let Some(start) = middle.checked_sub(length) else { break };
            let same = (0..length).all(|k| kept[start + k].text == kept[middle + k].text);
            let unbroken = length == 1 || kept[start + 1..].iter().all(|unit| unit.gap == Gap::None);
            let means = kept[middle..].iter().any(|unit| lexicon.repeats_with_meaning(&unit.text));
            let han = kept[middle].text.chars().all(is_han);
            if same && unbroken && !means && !(han && length == 1) {
                kept.truncate(middle);
                break;
            }
        }
    }
    kept
}
