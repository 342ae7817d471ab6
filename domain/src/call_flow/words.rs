//! Everything that a script says.

use super::{CallFlow, FlowError, Menu};

/// Everything that a script says, to people and to machines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// A text with variables; empty when there are steps.
    pub text: String,
    /// Keys that people may press while it is spoken.
    pub menu: Menu,
    /// Steps of its own, instead of a text and keys.
    pub steps: Option<CallFlow>,
    /// What a machine hears after its tone; without it, what a person would hear.
    pub voicemail: Option<String>,
    /// What whoever people are put through to hears first, alone; the two are connected behind it.
    pub whisper: Option<String>,
}

impl Words {
    /// A text, and nothing else.
    pub fn of_text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// The texts that are spoken beside the flow.
    pub fn beside_the_flow(&self) -> impl Iterator<Item = &str> {
        self.voicemail.as_deref().into_iter().chain(self.whisper.as_deref())
    }

    /// What happens on a call that a person picked up.
    ///
    /// # Errors
    /// A text or a key that no flow can have.
    pub fn flow(&self) -> Result<CallFlow, FlowError> {
        match &self.steps {
            Some(flow) => Ok(flow.clone()),
            None => CallFlow::of_menu(&self.text, &self.menu),
        }
    }
}
