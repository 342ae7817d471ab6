//! Whether the carrier began to dial while it might: checked when a call is told of, because the gate can only be asked
//! before.

use jiff::Timestamp;

use super::{Call, Placement};
use crate::carrier_event::CarrierStatus;

impl Call {
    /// The carrier took the call, and nothing says that it began to dial: it would ring at a time of the carrier's choosing.
    pub fn waits_at_carrier(&self) -> bool {
        let begun = self.facts.progress.is_some_and(|status| status != CarrierStatus::Queued);
        self.placement == Placement::Placed && self.facts.ending.is_none() && !begun
    }

    /// When the carrier began to dial, where that was too late: at `dial_by`, the end of the calling window in which the
    /// call was armed, or after it.
    pub fn dialed_too_late(&self, dial_by: Timestamp) -> Option<Timestamp> {
        self.facts.initiated_at.filter(|initiated_at| *initiated_at >= dial_by)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::facts::{Evidence, Source};

    const CLOSES: Timestamp = Timestamp::UNIX_EPOCH;

    fn told(status: CarrierStatus, at: Timestamp) -> Call {
        let mut call = Call { placement: Placement::Placed, ..Call::reserved() };
        let evidence = Evidence { status: Some(status), at: Some(at), ..Evidence::from(Source::Callback) };
        call.facts.apply(&evidence);
        call
    }

    #[test]
    fn dialing_must_begin_before_the_window_closes_and_not_at_that_instant() {
        let before = CLOSES - Duration::from_millis(1);
        assert_eq!(told(CarrierStatus::Initiated, before).dialed_too_late(CLOSES), None);
        assert_eq!(told(CarrierStatus::Initiated, CLOSES).dialed_too_late(CLOSES), Some(CLOSES));
    }

    #[test]
    fn a_phone_that_goes_on_ringing_when_the_window_closes_was_dialed_in_time() {
        let later = CLOSES + Duration::from_secs(20);
        assert_eq!(told(CarrierStatus::Ringing, later).dialed_too_late(CLOSES), None);
    }

    #[test]
    fn a_call_waits_at_the_carrier_from_its_placing_until_the_carrier_dials_or_ends_it() {
        let waits = |status| told(status, CLOSES).waits_at_carrier();
        assert!(Call { placement: Placement::Placed, ..Call::reserved() }.waits_at_carrier());
        assert!(waits(CarrierStatus::Queued));
        assert!(!waits(CarrierStatus::Initiated) && !waits(CarrierStatus::Ringing));
        assert!(!waits(CarrierStatus::Canceled));
        assert!(!Call { placement: Placement::Armed, ..Call::reserved() }.waits_at_carrier());
    }
}
