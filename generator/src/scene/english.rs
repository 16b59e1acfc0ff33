//! English nouns in sentences: articles, plurals, numbers. The one place where their spelling is known.

/// Numbers that are written as words.
const NUMBERS: [&str; 13] =
    ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

/// Plurals that follow no rule.
const IRREGULAR: [(&str, &str); 11] = [
    ("foot", "feet"),
    ("tooth", "teeth"),
    ("goose", "geese"),
    ("mouse", "mice"),
    ("child", "children"),
    ("person", "people"),
    ("ox", "oxen"),
    ("fish", "fish"),
    ("sheep", "sheep"),
    ("deer", "deer"),
    ("staff", "staffs"),
];

/// Nouns that end in -f or -fe and form -ves.
const VES: [&str; 11] = ["scarf", "wolf", "leaf", "knife", "wife", "life", "half", "shelf", "elf", "thief", "loaf"];

/// Nouns that end in -o and form -oes.
const OES: [&str; 4] = ["potato", "tomato", "hero", "echo"];

/// Nouns that are not counted.
const MASS: [&str; 22] = [
    "hair",
    "armor",
    "armour",
    "jewelry",
    "jewellery",
    "makeup",
    "water",
    "fire",
    "smoke",
    "snow",
    "rain",
    "fog",
    "music",
    "lightning",
    "grass",
    "ice",
    "sand",
    "gold",
    "money",
    "lipstick",
    "food",
    "fur",
];

/// Singular nouns that end in a single -s.
const SINGULAR_S: [&str; 5] = ["lens", "canvas", "atlas", "gas", "pancreas"];

/// The last word of a phrase: the noun of "wizard hat".
fn last_word(words: &str) -> &str {
    words.rsplit(' ').next().unwrap_or(words)
}

/// Whether a noun is a plural as it stands: glasses, wings, ears.
pub fn is_plural(noun: &str) -> bool {
    let last = last_word(noun);
    last.len() > 3
        && last.ends_with('s')
        && !["ss", "us", "is"].iter().any(|ending| last.ends_with(ending))
        && !SINGULAR_S.contains(&last)
        || ["teeth", "feet", "people", "children"].contains(&last)
}

fn is_mass(noun: &str) -> bool {
    MASS.contains(&last_word(noun))
}

/// "a" or "an", by the first sound.
pub fn article(words: &str) -> &'static str {
    let first = words.split(' ').next().unwrap_or("").to_lowercase();
    let as_you =
        ["uni", "use", "usu", "eu", "ufo", "ute"].iter().any(|start| first.starts_with(start)) || first == "one";
    let silent_h = ["hour", "honest", "heir", "honor", "honour"].iter().any(|start| first.starts_with(start));
    if silent_h || first.starts_with(['a', 'e', 'i', 'o', 'u']) && !as_you { "an" } else { "a" }
}

/// The plural of a noun or of a phrase that ends in one.
pub fn plural(noun: &str) -> String {
    let (stem, last) = noun.rsplit_once(' ').map_or(("", noun), |(stem, last)| (stem, last));
    let last = plural_of_word(last);
    if stem.is_empty() { last } else { format!("{stem} {last}") }
}

fn plural_of_word(noun: &str) -> String {
    if is_plural(noun) || is_mass(noun) {
        return noun.to_owned();
    }
    if let Some((_, plural)) = IRREGULAR.iter().find(|(singular, _)| *singular == noun) {
        return (*plural).to_owned();
    }
    let vowel_before_last = noun.chars().rev().nth(1).is_some_and(|letter| "aeiou".contains(letter));
    if VES.iter().any(|ending| noun.ends_with(ending)) {
        return format!("{}ves", noun.trim_end_matches('e').trim_end_matches('f'));
    }
    if noun.ends_with("man") && !["human", "german", "roman"].contains(&noun) {
        return format!("{}men", &noun[..noun.len() - 3]);
    }
    if noun.ends_with('y') && !vowel_before_last {
        return format!("{}ies", &noun[..noun.len() - 1]);
    }
    if ["s", "x", "z", "ch", "sh"].iter().any(|ending| noun.ends_with(ending)) || OES.contains(&noun) {
        return format!("{noun}es");
    }
    format!("{noun}s")
}

/// The singular of a noun or of a phrase that ends in one: "toasters" -> "toaster".
pub fn singular(noun: &str) -> String {
    let (stem, last) = noun.rsplit_once(' ').map_or(("", noun), |(stem, last)| (stem, last));
    let ends = |endings: &[&str]| endings.iter().any(|ending| last.ends_with(ending));
    let last = match last {
        _ if !last.is_ascii() || last.len() < 4 || ends(&["ss", "us", "is"]) => last.to_owned(),
        _ if ends(&["ies"]) => format!("{}y", &last[..last.len() - 3]),
        _ if ends(&["ches", "shes", "xes"]) => last[..last.len() - 2].to_owned(),
        _ if ends(&["ves"]) => {
            let one = VES.iter().find(|one| plural_of_word(one) == last);
            one.map_or_else(|| last[..last.len() - 1].to_owned(), |one| (*one).to_owned())
        }
        _ => last.strip_suffix('s').unwrap_or(last).to_owned(),
    };
    if stem.is_empty() { last } else { format!("{stem} {last}") }
}

/// A number as it is written in a sentence.
pub fn number(count: u32) -> String {
    NUMBERS.get(count as usize).map_or_else(|| count.to_string(), |word| (*word).to_owned())
}

/// So many of a thing, with what is said of it before the noun: "a blue sword", "two pairs of round glasses", "hair".
pub fn counted(count: u32, attributes: &[String], noun: &str) -> String {
    let noun = ["pairs of ", "pair of "].iter().find_map(|pair| noun.strip_prefix(pair)).unwrap_or(noun);
    let with = |noun: String| attributes.iter().cloned().chain([noun]).collect::<Vec<_>>().join(" ");
    match count {
        1 if is_plural(noun) || is_mass(noun) => with(noun.to_owned()),
        1 => {
            let text = with(noun.to_owned());
            format!("{} {text}", article(&text))
        }
        _ if is_mass(noun) => with(noun.to_owned()),
        _ if is_plural(noun) => format!("{} pairs of {}", number(count), with(noun.to_owned())),
        _ => format!("{} {}", number(count), with(plural(noun))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_go_back() {
        for noun in ["toaster", "scarf", "knife", "butterfly", "torch", "wizard hat", "glove"] {
            assert_eq!(singular(&plural(noun)), noun);
        }
        assert_eq!(
            (singular("dress"), singular("cactus"), singular("剑")),
            ("dress".into(), "cactus".into(), "剑".into())
        );
    }

    #[test]
    fn things_are_counted_as_people_do() {
        let plain = |count, noun: &str| counted(count, &[], noun);
        for (count, noun, expected) in [
            (1, "sword", "a sword"),
            (2, "sword", "two swords"),
            (13, "crown", "13 crowns"),
            (1, "umbrella", "an umbrella"),
            (1, "unicorn", "a unicorn"),
            (1, "UFO", "a UFO"),
            (1, "glasses", "glasses"),
            (2, "pairs of glasses", "two pairs of glasses"),
            (1, "bunny ears", "bunny ears"),
            (2, "scarf", "two scarves"),
            (2, "staff", "two staffs"),
            (3, "butterfly", "three butterflies"),
            (2, "toy", "two toys"),
            (2, "torch", "two torches"),
            (2, "snowman", "two snowmen"),
            (1, "hair", "hair"),
            (2, "cactus", "two cactuses"),
            (1, "dress", "a dress"),
            (12, "top hat", "twelve top hats"),
        ] {
            assert_eq!(plain(count, noun), expected);
        }
        assert_eq!(counted(2, &["large".into(), "blue".into()], "sword"), "two large blue swords");
        assert_eq!(counted(1, &["orange".into()], "sword"), "an orange sword");
    }
}
