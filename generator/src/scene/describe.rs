//! The scene in words: the prompt for open-weight renderers, a line for people, and the JSON that tools read.
//!
//! All three go through [`Scene::drawing_order`], so that two scenes that show the same read the same.

use serde_json::{Value, json};

use super::english;
use super::kind::{ItemKind, Place};
use super::state::{Item, Scene};
use super::world::{StyleName, Theme};

/// Sizes outside this band are worth a word.
const LARGE: [(f32, &str); 2] = [(2.0, "huge"), (1.05, "large")];
const SMALL: [(f32, &str); 2] = [(0.5, "tiny"), (0.95, "small")];

impl Scene {
    /// The scene as a prompt: "a person wearing a silver crown, holding a large blue sword, in a medieval throne
    /// hall". Stable: the same for every order of edits that leads to the same scene.
    pub fn prompt(&self) -> String {
        let mut groups: [(&str, Vec<String>); 4] =
            [("wearing ", Vec::new()), ("holding ", Vec::new()), ("with ", Vec::new()), ("with ", Vec::new())];
        for item in self.drawing_order() {
            let group = match item.place {
                Place::RightHand | Place::LeftHand | Place::BothHands => 1,
                Place::Above | Place::Beside => 3,
                _ if is_part_of_body(&item.kind) => 2,
                _ => 0,
            };
            groups[group].1.push(item_phrase(item));
        }
        let mut parts = vec!["a person".to_owned()];
        let mut first = true;
        for (verb, phrases) in groups.iter().filter(|(_, phrases)| !phrases.is_empty()) {
            let phrase = format!("{verb}{}", list(phrases));
            match first {
                true => parts[0] = format!("a person {phrase}"),
                false => parts.push(phrase),
            }
            first = false;
        }
        if let Some(world) = &self.world {
            let place =
                world.theme.map_or_else(|| format!("in {}", world.text), |theme| theme_phrase(theme).to_owned());
            let own_words = world.theme.is_some_and(|theme| !same_words(&world.text, theme.as_str()));
            parts.push(if own_words { format!("{place} ({})", world.text) } else { place });
        }
        if let Some(style) = &self.style {
            let look = style
                .name
                .map_or_else(|| format!("in the style of {}", style.text), |name| style_phrase(name).to_owned());
            let own_words = style.name.is_some_and(|name| !same_words(&style.text, name.as_str()));
            parts.push(if own_words { format!("{look} ({})", style.text) } else { look });
        }
        parts.join(", ")
    }

    /// One readable line about the scene; "nothing but you" when it is empty.
    pub fn summary(&self) -> String {
        if self.is_empty() {
            return "nothing but you".to_owned();
        }
        let mut parts: Vec<String> = self
            .items
            .iter()
            .map(|item| format!("{} ({})", item_phrase_short(item), place_phrase(item.place)))
            .collect();
        if let Some(world) = &self.world {
            let theme = world.theme.map_or("no built-in world".to_owned(), |theme| theme.as_str().replace('_', " "));
            parts.push(if same_words(&world.text, &theme) {
                format!("world: {theme}")
            } else {
                format!("world: {} ({theme})", world.text)
            });
        }
        if let Some(style) = &self.style {
            let name = style.name.map_or("no built-in style".to_owned(), |name| name.as_str().replace('_', " "));
            parts.push(if same_words(&style.text, &name) {
                format!("style: {name}")
            } else {
                format!("style: {} ({name})", style.text)
            });
        }
        parts.join("; ")
    }
}

/// The object that `otherglass say --json` prints.
pub fn scene_json(scene: &Scene, understood: bool, reply: &str) -> Value {
    let items: Vec<Value> = scene
        .items
        .iter()
        .map(|item| {
            json!({
                "kind": item.kind.as_str(),
                "place": item.place.as_str(),
                "color": item.color.as_ref().map(|color| color.name.as_str()),
                "size": (f64::from(item.size) * 1000.0).round() / 1000.0,
                "material": item.material,
                "count": item.count,
                "drawable": item.kind.is_house(),
            })
        })
        .collect();
    json!({
        "items": items,
        "world": scene.world.as_ref().map(|world| json!({"text": world.text, "theme": world.theme})),
        "style": scene.style.as_ref().map(|style| json!({"text": style.text, "name": style.name})),
        "weather": [],
        "rules": [],
        "understood": understood,
        "reply": reply,
    })
}

/// "two large blue wooden swords" with its article and place where that matters.
fn item_phrase(item: &Item) -> String {
    let place = match item.place {
        Place::LeftHand => " in the left hand",
        Place::RightHand => " in the right hand",
        Place::BothHands => " in both hands",
        Place::Above => " flying above",
        Place::Beside => " beside them",
        place if place == item.kind.natural_place() => "",
        Place::Head => " on the head",
        Place::Face => " on the face",
        Place::Neck => " around the neck",
        Place::Back => " on the back",
    };
    format!("{}{place}", item_phrase_short(item))
}

/// The item without its place: "a large blue sword".
pub(super) fn item_phrase_short(item: &Item) -> String {
    let noun = item.said.clone().filter(|said| said.is_ascii()).unwrap_or_else(|| item.kind.words());
    let mut words: Vec<String> = Vec::new();
    let size = LARGE
        .iter()
        .find(|(limit, _)| item.size >= *limit)
        .or_else(|| SMALL.iter().find(|(limit, _)| item.size <= *limit));
    words.extend(size.map(|(_, word)| (*word).to_owned()));
    words.extend(item.color.as_ref().map(|color| color.name.clone()));
    words.extend(
        item.material.clone().filter(|material| item.color.as_ref().is_none_or(|color| color.name != *material)),
    );
    english::counted(item.count, &words, &noun)
}

fn list(phrases: &[String]) -> String {
    match phrases {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

fn is_part_of_body(kind: &ItemKind) -> bool {
    matches!(kind, ItemKind::Horns | ItemKind::Wings | ItemKind::Beard | ItemKind::Halo)
}

/// Whether the spoken words are just the name itself ("the ice kingdom", "ice_kingdom").
pub(super) fn same_words(spoken: &str, name: &str) -> bool {
    let plain = |text: &str| text.to_lowercase().replace(['_', '-', ' '], "");
    let (spoken, name) = (plain(spoken), plain(name));
    spoken == name
        || spoken.strip_prefix("the") == Some(&name)
        || spoken.strip_prefix("an").or(spoken.strip_prefix('a')) == Some(&name)
}

fn place_phrase(place: Place) -> String {
    place.as_str().replace('_', " ")
}

fn theme_phrase(theme: Theme) -> &'static str {
    match theme {
        Theme::IceKingdom => "in an ice kingdom of frozen towers and snow",
        Theme::ThroneHall => "in a medieval throne hall",
        Theme::Underwater => "underwater among corals and fish",
        Theme::Space => "in outer space among planets and stars",
        Theme::Jungle => "in a dense green jungle",
        Theme::Desert => "in a desert of sand dunes",
        Theme::CandyLand => "in a land made of candy",
        Theme::NeonCity => "in a neon city at night",
        Theme::Volcano => "at an erupting volcano with lava",
        Theme::NightSky => "under a starry night sky",
    }
}

fn style_phrase(name: StyleName) -> &'static str {
    match name {
        StyleName::OilPainting => "oil painting",
        StyleName::Watercolor => "watercolor painting",
        StyleName::PencilSketch => "pencil sketch",
        StyleName::Comic => "comic book drawing",
        StyleName::PixelArt => "pixel art",
        StyleName::Mosaic => "mosaic of tiles",
    }
}
