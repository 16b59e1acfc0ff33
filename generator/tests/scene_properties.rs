//! What holds for every scene, every edit and every utterance.

use std::time::{Duration, Instant};

use otherglass_generator::scene::{
    Color, Conversation, Edit, Item, ItemKind, MAX_COUNT, MAX_SIZE, MIN_SIZE, Place, Scene, Style, StyleName, Theme,
    World,
};
use proptest::collection::vec;
use proptest::prelude::*;

fn kind() -> impl Strategy<Value = ItemKind> {
    prop_oneof![
        prop::sample::select(ItemKind::ALL.to_vec()),
        prop::sample::select(vec!["toaster", "dragon", "龙"]).prop_map(ItemKind::from_name),
    ]
}

fn color() -> impl Strategy<Value = Option<Color>> {
    prop::sample::select(vec!["red", "blue", "gold", "none"]).prop_map(Color::named)
}

fn item() -> impl Strategy<Value = Item> {
    let size = prop_oneof![-1.0e9_f32..1.0e9, 0.1_f32..5.0, Just(f32::NAN), Just(f32::INFINITY)];
    let place = prop::sample::select(Place::ALL.to_vec());
    (0_u64..6, kind(), place, color(), size, 0_u32..200).prop_map(|(id, kind, place, color, size, count)| Item {
        id,
        place,
        color,
        size,
        count,
        ..Item::new(kind)
    })
}

fn edit() -> impl Strategy<Value = Edit> {
    let id = 0_u64..12;
    prop_oneof![
        4 => item().prop_map(|item| Edit::Add { item }),
        1 => id.clone().prop_map(|id| Edit::Remove { id }),
        1 => (id.clone(), color()).prop_map(|(id, color)| Edit::SetColor { id, color }),
        1 => (id.clone(), any::<f32>()).prop_map(|(id, size)| Edit::SetSize { id, size }),
        1 => (id.clone(), any::<u32>()).prop_map(|(id, count)| Edit::SetCount { id, count }),
        1 => (id.clone(), prop::sample::select(Place::ALL.to_vec())).prop_map(|(id, place)| Edit::SetPlace { id, place }),
        1 => id.prop_map(|id| Edit::SetMaterial { id, material: Some("wood".into()) }),
        1 => prop::sample::select(Theme::ALL.to_vec()).prop_map(|theme| Edit::SetWorld { world: World::from_theme(theme) }),
        1 => prop::sample::select(StyleName::ALL.to_vec()).prop_map(|name| Edit::SetStyle { style: Style::from_name(name) }),
        1 => prop::sample::select(vec![
            Edit::ClearWorld, Edit::ClearStyle, Edit::Reset, Edit::Undo, Edit::Redo, Edit::TakePicture, Edit::StartClip,
            Edit::StopClip, Edit::None,
        ]),
    ]
}

fn assert_valid(scene: &Scene) {
    let mut ids: Vec<u64> = scene.items.iter().map(|item| item.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), scene.items.len(), "ids are unique");
    for item in &scene.items {
        assert!((MIN_SIZE..=MAX_SIZE).contains(&item.size), "{}", item.size);
        assert!((1..=MAX_COUNT).contains(&item.count), "{}", item.count);
        assert_ne!(item.id, 0);
    }
}

proptest! {
    #[test]
    fn any_sequence_of_edits_leaves_a_valid_scene(edits in vec(edit(), 0..60)) {
        let mut scene = Scene::default();
        for edit in &edits {
            let before = scene.clone();
            let changed = scene.apply(edit);
            assert_valid(&scene);
            prop_assert_eq!(changed, scene.revision != before.revision);
            prop_assert_eq!(changed, Scene { revision: 0, ..scene.clone() } != Scene { revision: 0, ..before });
        }
    }

    #[test]
    fn undo_and_redo_are_inverse(edits in vec(edit(), 1..40)) {
        let mut conversation = Conversation::new();
        let mut scenes = vec![conversation.scene().clone()];
        for edit in edits.into_iter().filter(|edit| !matches!(edit, Edit::Undo | Edit::Redo)) {
            if conversation.apply(edit) {
                scenes.push(conversation.scene().clone());
            }
        }
        let same = |a: &Scene, b: &Scene| a.items == b.items && a.world == b.world && a.style == b.style;
        for scene in scenes.iter().rev().skip(1) {
            prop_assert!(conversation.apply(Edit::Undo));
            prop_assert!(same(conversation.scene(), scene));
        }
        prop_assert!(!conversation.apply(Edit::Undo));
        for scene in scenes.iter().skip(1) {
            prop_assert!(conversation.apply(Edit::Redo));
            prop_assert!(same(conversation.scene(), scene));
        }
        prop_assert!(!conversation.apply(Edit::Redo));
    }

    #[test]
    fn prompt_and_drawing_order_do_not_depend_on_the_order_of_edits(items in vec(item(), 0..8), rotate in 0_usize..8) {
        let scene = |items: &[Item]| {
            let mut scene = Scene::default();
            for item in items {
                scene.apply(&Edit::Add { item: Item { id: 0, ..item.clone() } });
            }
            scene.apply(&Edit::SetWorld { world: World::from_theme(Theme::Jungle) });
            scene
        };
        let mut other = items.clone();
        other.rotate_left(rotate.min(items.len().saturating_sub(1)));
        other.reverse();
        let (a, b) = (scene(&items), scene(&other));
        prop_assert!(a.same_as(&b));
        prop_assert_eq!(a.prompt(), b.prompt());
        for (a, b) in a.drawing_order().iter().zip(b.drawing_order()) {
            prop_assert!(a.looks_like(b));
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        let mut conversation = Conversation::new();
        conversation.respond("give me a sword and a crown");
        conversation.respond(&text);
        assert_valid(conversation.scene());
    }

    #[test]
    fn no_jumble_of_known_words_panics(words in vec(prop::sample::select(WORDS.to_vec()), 0..24), split in 1_usize..6) {
        let mut conversation = Conversation::new();
        for utterance in words.chunks(split * 4) {
            let before = conversation.scene().clone();
            let reply = conversation.respond(&utterance.join(" "));
            assert_valid(conversation.scene());
            prop_assert_eq!(reply.changed, conversation.scene().revision != before.revision);
            if !reply.understood {
                prop_assert!(conversation.scene().same_as(&before));
                prop_assert!(!reply.text.is_empty());
            }
        }
    }

    #[test]
    fn what_an_utterance_did_is_taken_back_by_one_undo(words in vec(prop::sample::select(WORDS.to_vec()), 1..12)) {
        let mut conversation = Conversation::new();
        conversation.respond("give me a blue sword and a crown and take me to space");
        let before = conversation.scene().clone();
        let reply = conversation.respond(&words.join(" "));
        let moves_in_history = reply.edits.iter().any(|edit| matches!(edit, Edit::Undo | Edit::Redo));
        if reply.changed && !moves_in_history {
            conversation.respond("undo");
            prop_assert!(conversation.scene().same_as(&before), "{}", words.join(" "));
        }
    }
}

/// Words that mean something to the state model, in both languages, to be thrown together.
const WORDS: [&str; 64] = [
    "give",
    "me",
    "a",
    "the",
    "sword",
    "crown",
    "make",
    "it",
    "bigger",
    "blue",
    "no",
    "not",
    "and",
    "but",
    "take",
    "off",
    "put",
    "in",
    "my",
    "left hand",
    "other",
    "one",
    "two",
    "them",
    "both",
    "everything",
    "except",
    "keep",
    "undo",
    "redo",
    "again",
    "more",
    "space",
    "jungle",
    "oil painting",
    "king",
    "elephant",
    "flying",
    "instead",
    "of",
    "I meant",
    "actually",
    "swap",
    "for",
    "with",
    "too big",
    "color",
    "same color as",
    "remove",
    "without",
    ",",
    ".",
    "给我",
    "一把",
    "剑",
    "不要",
    "换成",
    "把",
    "它",
    "大一点",
    "红色",
    "左手",
    "都",
    "toaster",
];

/// The slowest a reply may be, whatever was said.
const SLOWEST: Duration = Duration::from_secs(1);

#[test]
fn very_long_utterances_are_answered_within_a_second() {
    let mut conversation = Conversation::new();
    conversation.respond("give me a sword");
    let long: [String; 7] = [
        "give me a sword ".repeat(6_250),
        "a".repeat(100_000),
        "给我一把剑".repeat(20_000),
        "\u{1f984} ".repeat(50_000),
        "make it bigger and blue, no, not blue, green. ".repeat(2_174),
        "zqx ".repeat(25_000),
        "一把件吃膀".repeat(20_000),
    ];
    for text in long {
        let text: String = text.chars().take(100_000).collect();
        let start = Instant::now();
        conversation.respond(&text);
        let took = start.elapsed();
        assert!(took < SLOWEST, "{took:?} for {:?}...", text.chars().take(20).collect::<String>());
    }
}

#[test]
fn what_the_visitor_has_by_nature_is_not_changed_and_the_reply_says_so() {
    for (utterance, part) in
        [("make my hair blue", "hair"), ("can you make my eyes green", "eyes"), ("把我的头发变成蓝色", "头发")]
    {
        let mut conversation = Conversation::new();
        conversation.respond("give me a sword");
        let before = conversation.scene().clone();
        let reply = conversation.respond(utterance);
        assert!(conversation.scene().same_as(&before), "{utterance}: {}", conversation.scene().summary());
        assert!(reply.text.contains(part), "{utterance}: {}", reply.text);
    }
}
