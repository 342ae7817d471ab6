//! Worlds that are broken on purpose: an oracle that does not find them proves nothing about the world that is not.

/// One way to get it wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// An armed call whose sender is silent goes back to the line, as queues do with their jobs.
    RescueArmed,
    /// One look at the carrier's list without a trace, and the attempt is made again.
    RedialOnEmptyList,
    /// A day slot comes back once more when the record of a call that was not sent is repeated.
    SlotBackTwice,
    /// The do-not-call list is asked when a call is planned, not when it is armed.
    OptOutOnlyPlanned,
    /// The window is asked when a call is reserved, not when it is armed.
    WindowOnlyPlanned,
    /// The budget gets its hold back with the ending and once more with the price.
    BudgetBackTwice,
    /// A call may wait in the carrier's queue for the whole closing guard.
    WholeGuardInQueue,
    /// Looks that the carrier did not answer use up the looks for a lost call.
    FailedLooksCount,
    /// A look that somebody asked for before its time counts like the planned ones.
    EarlyLooksCount,
    /// Each node's look counts, also where they looked at the same time.
    EachNodesLookCounts,
    /// A second live call to a number cannot be stored, not even as proof of one that rang.
    IndexRefusesProof,
    /// Nobody looks again whether the number is free: its row was reserved.
    NumberNotAskedAgain,
    /// A sender's outcome counts without asking whether the call is still armed by it.
    AnybodyMayRecord,
    /// The first byte may leave however long ago the call was armed.
    NoSendDeadline,
}

impl Mutant {
    /// Every mutant.
    pub const ALL: [Self; 14] = [
        Self::RescueArmed,
        Self::RedialOnEmptyList,
        Self::SlotBackTwice,
        Self::OptOutOnlyPlanned,
        Self::WindowOnlyPlanned,
        Self::BudgetBackTwice,
        Self::WholeGuardInQueue,
        Self::FailedLooksCount,
        Self::EarlyLooksCount,
        Self::EachNodesLookCounts,
        Self::IndexRefusesProof,
        Self::NumberNotAskedAgain,
        Self::AnybodyMayRecord,
        Self::NoSendDeadline,
    ];
}
