//! How large the carrier's documents of a flow become. Twilio ends a call whose document is too large, so that nobody may
//! be rung with one.

use super::{CallFlow, Does, Played, Step};

/// Bytes of a document that Twilio fetches, at most (its error 11750).
pub const LARGEST_DOCUMENT: usize = 64 * 1024;
/// What stands around a text or an address: a verb with its attributes.
const AROUND_EACH: usize = 256;
/// A sealed address of ours, with the verb around it, in bytes.
pub const LONGEST_ADDRESS: usize = 512;
/// What stands around all of them, with the sealed addresses of the step that waits, and the notice that the call is recorded:
/// 300 characters at most.
const AROUND_ALL: usize = 4 * 1024;

impl CallFlow {
    /// An upper bound, in bytes, of the largest document of this flow, where `said` tells how a script reads. More than
    /// [`LARGEST_DOCUMENT`] must not be said in one go.
    ///
    /// # Errors
    /// Of `said`.
    pub fn largest_document<E>(&self, mut said: impl FnMut(&str) -> Result<String, E>) -> Result<usize, E> {
        let sizes: Result<Vec<usize>, E> =
            self.steps.iter().map(|step| Ok(AROUND_EACH + size_of_step(step, &mut said)?)).collect();
        let sizes = sizes?;
        let largest = (0..self.steps.len()).map(|from| self.passed_from(from).map(|at| sizes[at]).sum());
        Ok(AROUND_ALL + largest.max().unwrap_or(0))
    }

    /// The steps of the leg that begins at one, with the one that waits, by their places. Such steps never go in circles:
    /// that was checked.
    fn passed_from(&self, from: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(from), |at| {
            let step = &self.steps[*at];
            let next = self.following(step).next().filter(|_| !step.waits())?;
            self.steps.iter().position(|other| other.name == next.name)
        })
    }
}

/// An upper bound, in bytes, of the document that speaks one text.
pub fn document_of_text(text: &str) -> usize {
    AROUND_ALL + AROUND_EACH + written(text)
}

fn size_of_step<E>(step: &Step, said: &mut impl FnMut(&str) -> Result<String, E>) -> Result<usize, E> {
    match &step.does {
        Does::Say { text, .. } | Does::Ask { text, .. } => Ok(written(&said(text)?)),
        Does::Play { what: Played::File(url), .. } => Ok(written(url)),
        // Its address is as long as those of a step that waits.
        Does::Play { what: Played::Sound(_), .. } => Ok(LONGEST_ADDRESS),
        Does::TakeMessage { .. } | Does::Transfer { .. } | Does::HangUp => Ok(0),
    }
}

/// Bytes of a text as XML.
fn written(text: &str) -> usize {
    let one = |c: char| match c {
        '"' | '\'' => "&quot;".len(),
        '&' | '\r' | '\n' | '\t' => "&amp;".len(),
        '<' | '>' => "&lt;".len(),
        other => other.len_utf8(),
    };
    text.chars().map(one).sum()
}
