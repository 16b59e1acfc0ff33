//! The thread that listens: utterances and chip clicks in, the changed scene and an answer out.
//!
//! Utterances are never dropped: they wait in a bounded line, in order. The scene goes on to the renderer newest
//! first; the window reads the whole state of the talk when it draws.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use otherglass_generator::scene::{Abilities, Conversation, Edit, Scene};

use super::slot::Slot;
use super::worker::{Joined, Stop, Worker};
use crate::answer::{Answer, ask};

/// How many utterances may wait.
const LINE_LENGTH: usize = 32;
/// How many answers the window may be behind.
const MOST_ANSWERS: usize = 16;

enum Heard {
    Utterance(String),
    Edit(Edit),
    StartOver,
}

/// What the window may know of the conversation.
#[derive(Clone, Debug, Default)]
pub struct TalkState {
    pub scene: Scene,
    pub can_undo: bool,
    /// Whether anything was understood since the start, or since starting over.
    pub ever_understood: bool,
}

#[derive(Debug, Default)]
struct Told {
    state: TalkState,
    answers: VecDeque<Answer>,
    /// Those that the conversation does not know yet.
    abilities: Option<Abilities>,
}

/// The listening thread. Stopped and joined when dropped.
#[derive(Debug)]
pub struct Talk {
    worker: Worker,
    line: SyncSender<Heard>,
    told: Arc<Mutex<Told>>,
}

impl Talk {
    /// `scenes` gets every new scene; `changed` is called after each utterance.
    pub fn start(scenes: Arc<Slot<Scene>>, changed: Arc<dyn Fn() + Send + Sync>) -> std::io::Result<Self> {
        let (line, inbox) = sync_channel(LINE_LENGTH);
        let told = Arc::new(Mutex::new(Told::default()));
        let listener = Listener { conversation: Conversation::new(), scenes, changed, told: Arc::clone(&told) };
        let worker = Worker::spawn("talk", move |stop| listener.run(&inbox, stop))?;
        Ok(Self { worker, line, told })
    }

    /// An end of the line for another thread.
    #[must_use]
    pub fn line(&self) -> TalkLine {
        TalkLine(self.line.clone())
    }

    /// Says something to the mirror; false when the line is full.
    pub fn say(&self, utterance: impl Into<String>) -> bool {
        self.put(Heard::Utterance(utterance.into()))
    }

    /// Changes the scene without words, as a click on a chip does.
    pub fn edit(&self, edit: Edit) -> bool {
        self.put(Heard::Edit(edit))
    }

    /// Forgets the conversation, as for the next visitor.
    pub fn start_over(&self) -> bool {
        self.put(Heard::StartOver)
    }

    /// What the engine can show, for the answers.
    pub fn set_abilities(&self, abilities: Abilities) {
        lock(&self.told).abilities = Some(abilities);
    }

    #[must_use]
    pub fn state(&self) -> TalkState {
        lock(&self.told).state.clone()
    }

    /// The answers since the last call, oldest first.
    #[must_use]
    pub fn take_answers(&self) -> Vec<Answer> {
        lock(&self.told).answers.drain(..).collect()
    }

    pub fn stop_and_join(self) -> Joined {
        self.worker.stop_and_join()
    }

    fn put(&self, heard: Heard) -> bool {
        match self.line.try_send(heard) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                tracing::warn!("{LINE_LENGTH} utterances are waiting already; this one was refused");
                false
            }
        }
    }
}

/// An end of the line that waits instead of refusing.
#[derive(Clone, Debug)]
pub struct TalkLine(SyncSender<Heard>);

impl TalkLine {
    /// Says something, waiting while the line is full; false when it is time to stop.
    pub fn say_waiting(&self, utterance: String, stop: &Stop) -> bool {
        let mut heard = Heard::Utterance(utterance);
        loop {
            match self.0.try_send(heard) {
                Ok(()) => return true,
                Err(TrySendError::Disconnected(_)) => return false,
                Err(TrySendError::Full(back)) => heard = back,
            }
            if stop.sleep(Duration::from_millis(10)) {
                return false;
            }
        }
    }
}

struct Listener {
    conversation: Conversation,
    scenes: Arc<Slot<Scene>>,
    changed: Arc<dyn Fn() + Send + Sync>,
    told: Arc<Mutex<Told>>,
}

impl Listener {
    fn run(mut self, inbox: &Receiver<Heard>, stop: &Stop) {
        while !stop.is_requested() {
            match inbox.recv_timeout(Duration::from_millis(50)) {
                Ok(heard) => self.hear(heard),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn hear(&mut self, heard: Heard) {
        let before = self.conversation.scene().revision;
        let starts_over = matches!(heard, Heard::StartOver);
        let answer = match heard {
            Heard::Utterance(utterance) => {
                if let Some(abilities) = lock(&self.told).abilities.take() {
                    self.conversation.set_abilities(abilities);
                }
                let answer = ask(&mut self.conversation, &utterance);
                tracing::debug!("{}", answer.line());
                Some(answer)
            }
            Heard::Edit(edit) => {
                self.conversation.apply(edit);
                None
            }
            Heard::StartOver => {
                self.conversation.start_over();
                None
            }
        };
        let scene = self.conversation.scene();
        if scene.revision != before {
            tracing::debug!("scene {}", otherglass_generator::scene::scene_json(scene, true, ""));
            self.scenes.put(scene.clone());
        }
        {
            let mut told = lock(&self.told);
            let known = told.state.ever_understood && !starts_over;
            let ever_understood = known || answer.as_ref().is_some_and(|answer| answer.understood);
            told.state = TalkState { scene: scene.clone(), can_undo: self.conversation.can_undo(), ever_understood };
            if let Some(answer) = answer {
                if told.answers.len() == MOST_ANSWERS {
                    told.answers.pop_front();
                }
                told.answers.push_back(answer);
            }
        }
        (self.changed)();
    }
}

fn lock(mutex: &Mutex<Told>) -> MutexGuard<'_, Told> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    fn talk() -> (Talk, Arc<Slot<Scene>>) {
        let scenes = Arc::new(Slot::new());
        (Talk::start(Arc::clone(&scenes), Arc::new(|| {})).unwrap(), scenes)
    }

    #[test]
    fn an_utterance_changes_the_scene_and_is_answered() {
        let (talk, scenes) = talk();
        assert!(talk.say("give me a crown"));
        testing::until("the crown is there", || talk.state().scene.items.len() == 1);
        assert_eq!(scenes.take().map(|scene| scene.items.len()), Some(1));
        let answers = talk.take_answers();
        assert_eq!(answers.len(), 1);
        assert!(answers[0].understood);
        let state = talk.state();
        assert!(state.can_undo && state.ever_understood);
        assert_eq!(talk.stop_and_join(), Joined::Ended);
    }

    #[test]
    fn a_chip_can_be_removed_and_brought_back() {
        let (talk, _scenes) = talk();
        talk.say("give me a crown");
        testing::until("the crown is there", || talk.state().scene.items.len() == 1);
        talk.edit(Edit::Remove { id: talk.state().scene.items[0].id });
        testing::until("the crown is gone", || talk.state().scene.items.is_empty());
        talk.edit(Edit::Undo);
        testing::until("the crown is back", || talk.state().scene.items.len() == 1);
    }

    #[test]
    fn utterances_keep_their_order() {
        let (talk, _scenes) = talk();
        for said in ["give me a sword", "make it blue", "make it red"] {
            assert!(talk.say(said));
        }
        testing::until("all are answered", || {
            let state = talk.state();
            state.scene.items.first().and_then(|item| item.color.clone()).is_some_and(|color| color.name == "red")
        });
    }

    #[test]
    fn starting_over_forgets_but_the_revision_goes_on() {
        let (talk, scenes) = talk();
        talk.say("give me a sword");
        testing::until("the sword is there", || talk.state().scene.items.len() == 1);
        let before = talk.state().scene.revision;
        talk.start_over();
        testing::until("it is forgotten", || talk.state().scene.is_empty());
        assert!(talk.state().scene.revision > before && !talk.state().can_undo);
        assert!(scenes.take().is_some_and(|scene| scene.is_empty()));
    }
}
