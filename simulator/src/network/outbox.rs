//! Callbacks on their way: per call one after the other, so that a slow receiver holds up its own callbacks and
//! never the call itself.

use std::sync::Arc;
use std::time::Duration;

use super::{Network, State};
use crate::callbacks::{Delivery, Fields};
use crate::network::order::Target;

/// A delivery and how long it is held back before it goes.
pub(crate) struct Parcel {
    delivery: Delivery,
    hold: Duration,
}

impl Network {
    /// Hands a callback of the call at `index` to its outbox, unless the fault script has other plans for it.
    pub(super) fn post(self: &Arc<Self>, state: &mut State, index: usize, target: &Target, fields: Fields) {
        let call = &mut state.calls[index];
        let number = call.posted.to_string();
        call.posted += 1;
        let fate = self.faults().for_callback(self.seed, &["callback fault", &call.sid, &number]);
        if fate.lost {
            return;
        }
        let delivery = Delivery {
            url: target.url.clone(),
            method: target.method,
            fields,
            idempotency_token: self.idempotency_token(&call.sid, &number),
            bad_signature: fate.bad_signature,
        };
        if fate.doubled {
            self.enqueue(state, index, Parcel { delivery: delivery.clone(), hold: Duration::ZERO });
        }
        let parcel = Parcel { delivery, hold: fate.late_by.unwrap_or_default() };
        match fate.overtaken_after {
            Some(delay) => {
                let alone = Parcel { hold: parcel.hold + delay, ..parcel };
                self.pending(1);
                let network = Arc::clone(self);
                self.spawn(async move { network.carry(index, alone).await });
            }
            None => self.enqueue(state, index, parcel),
        }
    }

    fn enqueue(self: &Arc<Self>, state: &mut State, index: usize, parcel: Parcel) {
        self.pending(1);
        let call = &mut state.calls[index];
        call.outbox.push_back(parcel);
        if !std::mem::replace(&mut call.delivering, true) {
            let network = Arc::clone(self);
            self.spawn(async move { network.empty_outbox(index).await });
        }
    }

    async fn empty_outbox(self: Arc<Self>, index: usize) {
        while let Some(parcel) = self.next_parcel(index) {
            self.carry(index, parcel).await;
        }
    }

    fn next_parcel(&self, index: usize) -> Option<Parcel> {
        let mut state = self.state();
        let call = &mut state.calls[index];
        let parcel = call.outbox.pop_front();
        call.delivering = parcel.is_some();
        parcel
    }

    async fn carry(&self, index: usize, parcel: Parcel) {
        if !parcel.hold.is_zero() {
            self.timeline.sleep(parcel.hold).await;
        }
        if let Err(alert) = self.postman.deliver(&parcel.delivery).await {
            self.raise(index, alert);
        }
        self.pending(-1);
    }
}
