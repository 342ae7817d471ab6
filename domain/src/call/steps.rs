//! What we do to a call ourselves, step by step. What the carrier tells is in `facts`; proof of it is the last step here.
//!
//! Each step asks where the call stands and changes nothing when it came too late: whoever holds the row decides, and a
//! second one finds the step done.

use jiff::Timestamp;

use super::{Call, Placement};
use crate::refusal::RefusalMeaning;

/// What came of a request, other than a call: that is proof, and arrives as news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendOutcome {
    /// The request provably never left, or the carrier provably did nothing with it.
    NotSent,
    /// The carrier said no.
    Refused(RefusalMeaning),
    /// Nobody knows whether a call was made.
    Unknown,
}

/// What a person found out about a call whose answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// The carrier made it.
    Placed,
    /// The carrier did not make it.
    NotPlaced,
}

impl Call {
    /// Commits the call to be sent; from here on the phone may ring. `false` when it was not waiting for that.
    #[must_use]
    pub fn arm(&mut self) -> bool {
        self.step(Placement::Reserved, Placement::Armed)
    }

    /// Gives up a call before it was armed: no request was made and none will be.
    pub fn release(&mut self, now: Timestamp) -> bool {
        let released = self.step(Placement::Reserved, Placement::Released);
        if released {
            self.closed_at = Some(now);
        }
        released
    }

    /// Records what came of the request. `of_this_request`: the process that sent it says so, and the call was not armed
    /// again since; proof is about one request and never about another.
    ///
    /// A process that stood still may say that it sent nothing after another one concluded that nobody knows: it was there,
    /// so its word counts. The outcome of an earlier request says nothing of this one: recorded once more, because the first
    /// time its commit went unanswered, it would free a call whose next request is on its way.
    pub fn record(&mut self, outcome: SendOutcome, of_this_request: bool, now: Timestamp) -> bool {
        let open = matches!(self.placement, Placement::Armed | Placement::Unknown) && of_this_request;
        match outcome {
            SendOutcome::NotSent if open => {
                self.placement = Placement::Reserved;
                true
            }
            SendOutcome::Refused(meaning) if open => {
                self.placement = Placement::NotPlaced;
                self.refusal = Some(meaning);
                self.closed_at = Some(now);
                true
            }
            SendOutcome::Unknown if of_this_request => self.doubt(),
            _ => false,
        }
    }

    /// Whoever armed the call is gone, or its answer was lost: whether the phone rings is not known.
    pub fn doubt(&mut self) -> bool {
        self.step(Placement::Armed, Placement::Unknown)
    }

    /// Every look for the call is over and none found a trace.
    pub fn presume_not_placed(&mut self, now: Timestamp) -> bool {
        let presumed = self.step(Placement::Unknown, Placement::PresumedNotPlaced);
        if presumed {
            self.closed_at = Some(now);
        }
        presumed
    }

    /// A person looked it up where we cannot. It settles what is not known and nothing else: `false` for any other call.
    pub fn settle_by_hand(&mut self, finding: Finding, now: Timestamp) -> bool {
        if !matches!(self.placement, Placement::Unknown | Placement::PresumedNotPlaced) {
            return false;
        }
        match finding {
            Finding::Placed => self.prove_placed(),
            Finding::NotPlaced => {
                self.placement = Placement::NotPlaced;
                self.closed_at = Some(now);
            }
        }
        true
    }

    /// Proof that the carrier made this call. It wins over everything, even over our own conclusion that it did not.
    pub fn prove_placed(&mut self) {
        self.placement = Placement::Placed;
        self.refusal = None;
        self.closed_at = None;
    }

    fn step(&mut self, from: Placement, to: Placement) -> bool {
        let stands_there = self.placement == from;
        if stands_there {
            self.placement = to;
        }
        stands_there
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).expect("a time")
    }

    fn call(placement: Placement) -> Call {
        Call { placement, ..Call::reserved() }
    }

    /// Where a step leads from each placement; `None` where it does nothing.
    fn leads(step: impl Fn(&mut Call) -> bool) -> Vec<(Placement, Placement)> {
        let mut steps = Vec::new();
        for from in Placement::ALL {
            let mut after = call(from);
            if step(&mut after) {
                steps.push((from, after.placement));
            } else {
                assert_eq!(after, call(from), "a step that was refused changed something");
            }
        }
        steps
    }

    #[test]
    fn each_step_leads_where_the_life_of_a_call_says_and_nowhere_else() {
        use Placement::*;
        let not_sent = SendOutcome::NotSent;
        let refused = SendOutcome::Refused(RefusalMeaning::InvalidNumber);
        assert_eq!(leads(Call::arm), [(Reserved, Armed)]);
        assert_eq!(leads(|call| call.release(now())), [(Reserved, Released)]);
        assert_eq!(
            leads(|call| call.record(not_sent, true, now())),
            [(Armed, Reserved), (Unknown, Reserved)]
        );
        assert_eq!(
            leads(|call| call.record(refused, true, now())),
            [(Armed, NotPlaced), (Unknown, NotPlaced)]
        );
        assert_eq!(leads(|call| call.record(SendOutcome::Unknown, true, now())), [(Armed, Unknown)]);
        for outcome in [not_sent, refused, SendOutcome::Unknown] {
            assert!(leads(|call| call.record(outcome, false, now())).is_empty(), "of another request");
        }
        assert_eq!(leads(Call::doubt), [(Armed, Unknown)]);
        assert_eq!(leads(|call| call.presume_not_placed(now())), [(Unknown, PresumedNotPlaced)]);
        for (finding, placement) in [(Finding::Placed, Placed), (Finding::NotPlaced, NotPlaced)] {
            let by_hand = leads(|call| call.settle_by_hand(finding, now()));
            assert_eq!(by_hand, [(Unknown, placement), (PresumedNotPlaced, placement)]);
        }
    }

    #[test]
    fn an_armed_call_never_becomes_free_to_send_again_without_proof() {
        let mut doubted = call(Placement::Armed);
        assert!(doubted.doubt());
        assert!(!doubted.arm() && !doubted.release(now()));
        assert!(!doubted.record(SendOutcome::NotSent, false, now()), "only its sender can know");
        assert_eq!(doubted.placement, Placement::Unknown);
    }

    #[test]
    fn an_outcome_that_is_recorded_again_says_nothing_of_the_next_send() {
        let mut throttled = call(Placement::Armed);
        assert!(throttled.record(SendOutcome::NotSent, true, now()));
        assert!(throttled.arm(), "the same attempt, sent anew");
        assert!(!throttled.record(SendOutcome::NotSent, false, now()), "its request may be on its way");
        assert_eq!(throttled.placement, Placement::Armed);
    }

    #[test]
    fn proof_wins_over_every_conclusion() {
        for from in Placement::ALL {
            let mut proven = Call { closed_at: Some(now()), ..call(from) };
            proven.refusal = Some(RefusalMeaning::Other);
            proven.prove_placed();
            assert_eq!(proven, call(Placement::Placed), "{from:?}");
        }
    }

    #[test]
    fn a_closed_call_says_when() {
        let mut released = call(Placement::Reserved);
        assert!(released.release(now()));
        let mut presumed = call(Placement::Unknown);
        assert!(presumed.presume_not_placed(now()));
        let mut refused = call(Placement::Armed);
        assert!(refused.record(SendOutcome::Refused(RefusalMeaning::Other), true, now()));
        let mut settled = call(Placement::Unknown);
        assert!(settled.settle_by_hand(Finding::NotPlaced, now()));
        for closed in [released, presumed, refused, settled] {
            assert_eq!((closed.closed_at, closed.is_live()), (Some(now()), false), "{:?}", closed.placement);
        }
    }
}
