//! The languages that there are: the one list of them.

/// The files of one language.
pub struct Language {
    /// Its code, ISO 639-1.
    pub name: &'static str,
    /// Phrases and replies.
    pub files: &'static [&'static str],
    /// What is said to the mirror itself.
    pub talk: &'static str,
}

/// Every language, English first: what another lacks is said in it.
pub const LANGUAGES: &[Language] = &[
    Language {
        name: "en",
        files: &[
            include_str!("../lexicon/en/items.toml"),
            include_str!("../lexicon/en/looks.toml"),
            include_str!("../lexicon/en/worlds.toml"),
            include_str!("../lexicon/en/grammar.toml"),
            include_str!("../lexicon/en/chatter.toml"),
            include_str!("../lexicon/en/hearing.toml"),
            include_str!("../lexicon/en/lookalikes.toml"),
            include_str!("../lexicon/en/replies.toml"),
        ],
        talk: include_str!("../lexicon/en/talk.toml"),
    },
    Language {
        name: "zh",
        files: &[
            include_str!("../lexicon/zh/items.toml"),
            include_str!("../lexicon/zh/looks.toml"),
            include_str!("../lexicon/zh/worlds.toml"),
            include_str!("../lexicon/zh/grammar.toml"),
            include_str!("../lexicon/zh/chatter.toml"),
            include_str!("../lexicon/zh/sounds.toml"),
            include_str!("../lexicon/zh/hearing.toml"),
            include_str!("../lexicon/zh/replies.toml"),
        ],
        talk: include_str!("../lexicon/zh/talk.toml"),
    },
];
