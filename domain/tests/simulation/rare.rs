//! The rare states that the simulation must have visited: a simulation that never gets there proves nothing about them.

macro_rules! rare_states {
    ($($name:ident = $words:literal,)*) => {
        /// A state that is easy to get wrong and hard to reach.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Rare {$(
            #[doc = $words]
            $name,
        )*}

        impl Rare {
            /// Every rare state.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// What happened, in words.
            pub const fn words(self) -> &'static str {
                match self {$(Self::$name => $words,)*}
            }
        }
    };
}

rare_states! {
    CallbackOvertakesReply = "a callback overtakes the create reply",
    CallbackDoubled = "a callback arrives twice",
    CallbackReordered = "the final callback arrives before an earlier one",
    CallbackHoursLate = "a callback arrives hours late",
    CallbackWithAllNodesDown = "a callback is lost because every node is down",
    CallbackCommitLost = "a callback is taken in, its COMMIT reply is lost and it is sent again",
    LateProofAfterPresumed = "proof arrives after presumed_not_placed",
    LateProofWhileNextReserved = "late proof while the next attempt is reserved",
    LateProofWhileNextLive = "late proof while the next attempt is armed or placed",
    ArmRefusedByLateProof = "the next attempt is not armed because the lost one turned out to be on",
    PresumedRightly = "presumed not placed, and nobody was rung",
    PresumedWrongly = "presumed not placed, and the carrier had the call",
    CancelRacedWithAnswer = "a cancel raced with the answer",
    CancelledWhileQueued = "a call is cancelled in the carrier's queue, without any callback",
    QueuedTooLong = "the carrier queues a call for longer than it may ring later",
    RangLateFromTheQueue = "a call rings late from the queue because nobody read its reply",
    ResumedAndNotSent = "a node resumed after its lease was taken and reported not sent",
    ResumedAndRefused = "a node's refusal arrives after its call was doubted",
    ResumedAndPlaced = "a node's reply with a call arrives after its call was doubted",
    ArmWithoutLease = "a node that stood still tries to arm without its lease",
    SendDeadlinePassed = "the first byte is not written because the call was armed too long ago",
    ArmCommitLostCommitted = "the COMMIT reply of an arm is lost, and it was committed",
    ArmCommitLostNotCommitted = "the COMMIT reply of an arm is lost, and it was not committed",
    RecordCommitLost = "the COMMIT reply of a record is lost, and it was committed",
    StaleRecord = "an outcome is recorded again after the call was armed anew",
    CrashBeforeArm = "a node dies between reserve and arm",
    CrashBeforeSend = "a node dies between arm and the first byte",
    CrashBeforeRecord = "a node dies between the first byte and the record",
    TwoNodesReserveOne = "two nodes plan the same number, and one is refused",
    TwoNodesArmOne = "two nodes race for the same reserved call",
    ReplyLostFoundInList = "a call whose reply was lost is found in the carrier's list",
    ReplyLostToldByCallback = "a call whose reply was lost tells of itself",
    ListStale = "the carrier's list does not show a call that exists",
    ListUnreadable = "the carrier's list cannot be read while a call is searched",
    LimitLoweredBelowUsed = "the limit is lowered below what is used",
    ReservationCrossedMidnight = "a reservation crossed midnight",
    SlotGivenBackNextDay = "a day slot is given back after its day is over",
    NodesDisagreeOnTheDate = "two nodes' clocks disagree on the date at an arm",
    ClockChange = "a call is armed on a day with 23 or 25 hours",
    OptOutWhileReserved = "an opt-out while the call is reserved",
    OptOutWhileArmed = "an opt-out while the call is armed",
    OptOutWhileUnknown = "an opt-out while the call is unknown",
    OptOutWhileRinging = "an opt-out while the phone rings",
    RungAfterRemoval = "a number is rung again after an admin took it off the list",
    PauseWhileArmed = "a pause while a call is armed",
    KillSwitchAtArm = "the kill switch stops a reserved call",
    WindowClosedAtArm = "the window closes between reserve and arm",
    LimitAtArm = "the daily limit stops a reserved call",
    BudgetAtArm = "the budget stops a reserved call",
    BudgetLoweredBelowSpent = "the budget is lowered below what is spent and held",
    FrequencyCapAtArm = "the frequency cap stops a reserved call",
    PaceAtArm = "the pace stops a reserved call",
    Throttled = "the carrier answers 429 and the same attempt is armed again",
    CarrierUnreachable = "so many requests never leave that nobody is dialed",
    RefusedNumber = "the carrier refuses a number for good",
    RefusedAccount = "a refusal of the account pauses every campaign",
    LatePrice = "the price comes after the call was closed",
    RequeuedAndRung = "somebody is rung again after being put back in line by hand",
    SettledByHand = "a person settles a lost call",
    EndedByHand = "a person ends a call that was not sent yet",
    Outage = "every node is away for hours",
}

/// How often each rare state was visited.
#[derive(Debug, Clone)]
pub struct Visits([u64; Rare::ALL.len()]);

impl Default for Visits {
    fn default() -> Self {
        Self([0; Rare::ALL.len()])
    }
}

impl Visits {
    /// One more visit.
    pub const fn note(&mut self, rare: Rare) {
        self.0[rare as usize] += 1;
    }

    /// Adds the visits of another run.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }

    /// Each rare state with its visits.
    pub fn counts(&self) -> impl Iterator<Item = (Rare, u64)> + '_ {
        Rare::ALL.iter().copied().zip(self.0)
    }
}
