//! Places for connections. When none is free, whoever kept the server waiting the longest leaves for the newcomer.
//!
//! Who waits for the server keeps its place: a request in work is never cut for a newcomer.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// A request is in work, or its answer: nobody waits for the client.
const BUSY: u64 = u64::MAX;
/// The place was given to somebody else.
const GIVEN_AWAY: u64 = u64::MAX - 1;

/// Places for so many connections.
pub struct Places {
    began: Instant,
    free: Arc<Semaphore>,
    seats: Mutex<Seats>,
    /// Somebody stands at the door and nobody could be asked to leave.
    wanted: AtomicBool,
    waits: Notify,
}

#[derive(Default)]
struct Seats {
    next: u64,
    taken: HashMap<u64, Arc<Standing>>,
}

/// What is known of a connection from outside.
struct Standing {
    /// Since when the client is waited for, in milliseconds of these places; or `BUSY`, or `GIVEN_AWAY`.
    waits_since: AtomicU64,
    /// The answer to a request is being made or sent.
    in_request: AtomicBool,
    given_away: CancellationToken,
}

/// The place of one connection; free again when this is dropped.
pub struct Seat {
    places: Arc<Places>,
    number: u64,
    standing: Arc<Standing>,
    _place: OwnedSemaphorePermit,
}

impl Places {
    /// Places for this many.
    pub fn new(connections: usize) -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            free: Arc::new(Semaphore::new(connections)),
            seats: Mutex::default(),
            wanted: AtomicBool::new(false),
            waits: Notify::new(),
        })
    }

    /// A place for a newcomer, of whom nothing was heard yet. Waits only while everybody else is busy.
    pub async fn take(self: &Arc<Self>) -> Seat {
        let place = loop {
            if let Ok(place) = Arc::clone(&self.free).try_acquire_owned() {
                break Some(place);
            }
            self.wanted.store(true, Ordering::SeqCst);
            let left = self.give_away();
            tokio::select! {
                place = Arc::clone(&self.free).acquire_owned() => break place.ok(),
                // Somebody else begins to wait: whoever was asked to leave before is on the way out.
                () = self.waits.notified(), if !left => {}
            }
        };
        self.wanted.store(false, Ordering::SeqCst);
        let Some(place) = place else { std::future::pending().await };
        let standing = Arc::new(Standing {
            waits_since: AtomicU64::new(self.now()),
            in_request: AtomicBool::new(false),
            given_away: CancellationToken::new(),
        });
        let mut seats = self.seats();
        let number = seats.next;
        seats.next += 1;
        seats.taken.insert(number, Arc::clone(&standing));
        drop(seats);
        Seat { places: Arc::clone(self), number, standing, _place: place }
    }

    /// Asks the connection to leave that kept the server waiting the longest; `false` when everybody is busy.
    pub fn give_away(&self) -> bool {
        let now = self.now();
        let seats = self.seats();
        loop {
            let waiting =
                seats.taken.iter().map(|(nth, seat)| (seat.waits_since.load(Ordering::SeqCst), nth, seat));
            // Of those that began to wait in the same millisecond, the one that came first.
            let longest =
                waiting.filter(|(since, ..)| *since <= now).min_by_key(|(since, nth, _)| (*since, *nth));
            let Some((since, _, seat)) = longest else { return false };
            // Not when it became busy at this moment.
            let given =
                seat.waits_since.compare_exchange(since, GIVEN_AWAY, Ordering::SeqCst, Ordering::SeqCst);
            if given.is_ok() {
                seat.given_away.cancel();
                return true;
            }
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(0)
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Handles for the parts of the connection that know when the client is waited for.
    pub fn watch(&self) -> Watch {
        Watch { places: Arc::clone(&self.places), standing: Arc::clone(&self.standing) }
    }

    /// Returns when the place was given to somebody else.
    pub async fn given_away(&self) {
        self.standing.given_away.cancelled().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.places.seats().taken.remove(&self.number);
    }
}

/// Says of one connection who waits for whom.
#[derive(Clone)]
pub struct Watch {
    places: Arc<Places>,
    standing: Arc<Standing>,
}

impl Watch {
    /// A whole head of a request has arrived. `false` when the place is somebody else's by now: do not begin.
    pub fn request_begins(&self) -> bool {
        self.standing.in_request.store(true, Ordering::SeqCst);
        self.busy()
    }

    /// The answer is complete: the next request is waited for.
    pub fn answer_ended(&self) {
        self.standing.in_request.store(false, Ordering::SeqCst);
        self.wait_since(self.places.now());
    }

    /// More of a body is waited for that began at `began` and brought `bytes` since, when a client is expected to send
    /// `per_second` at least.
    pub fn body_waits(&self, began: Instant, bytes: u64, per_second: u64) {
        let began = began.saturating_duration_since(self.places.began);
        let earned = Duration::from_millis(bytes.saturating_mul(1000) / per_second.max(1));
        self.wait_since(u64::try_from((began + earned).as_millis()).unwrap_or(0));
    }

    /// The client does not read what it asked for.
    pub fn reader_stalls(&self) {
        self.wait_since(self.places.now());
    }

    /// Something arrived, or was read.
    pub fn goes_on(&self) {
        if self.standing.in_request.load(Ordering::SeqCst) {
            self.busy();
        }
    }

    fn busy(&self) -> bool {
        self.change(BUSY)
    }

    fn wait_since(&self, since: u64) {
        if self.change(since) && self.places.wanted.load(Ordering::SeqCst) {
            self.places.waits.notify_one();
        }
    }

    /// `false` when the place was given away before.
    fn change(&self, to: u64) -> bool {
        let unless_given_away = |now| (now != GIVEN_AWAY).then_some(to);
        let changed =
            self.standing.waits_since.fetch_update(Ordering::SeqCst, Ordering::SeqCst, unless_given_away);
        changed.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn three() -> (Arc<Places>, [Seat; 3]) {
        let places = Places::new(3);
        let seats = [places.take().await, places.take().await, places.take().await];
        (places, seats)
    }

    fn given_away(seats: &[Seat]) -> Vec<bool> {
        seats.iter().map(|seat| seat.standing.given_away.is_cancelled()).collect()
    }

    #[tokio::test]
    async fn who_waits_for_the_server_keeps_the_place_and_the_longest_silence_leaves() {
        let (places, seats) = three().await;
        assert!(seats[0].watch().request_begins());
        // The same silence but for its length.
        while places.now() < 2 {
            tokio::task::yield_now().await;
        }
        seats[1].watch().wait_since(0);
        seats[2].watch().wait_since(1);
        assert!(places.give_away());
        assert_eq!(given_away(&seats), [false, true, false]);
        assert!(!seats[1].watch().request_begins(), "what arrives too late is not begun");
        assert!(places.give_away());
        assert!(!places.give_away(), "the last one is busy");
        assert_eq!(given_away(&seats), [false, true, true]);
    }

    #[tokio::test]
    async fn a_newcomer_gets_the_place_of_whoever_becomes_silent() {
        let (places, seats) = three().await;
        for seat in &seats {
            assert!(seat.watch().request_begins());
        }
        let newcomer = tokio::spawn({
            let places = Arc::clone(&places);
            async move { places.take().await }
        });
        // Until the newcomer stands at the door.
        while !places.wanted.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        let [first, second, third] = seats;
        second.watch().answer_ended();
        second.given_away().await;
        drop(second);
        newcomer.await.expect("a place");
        assert_eq!(given_away(&[first, third]), [false, false]);
    }

    #[tokio::test]
    async fn a_body_that_arrives_fast_enough_is_not_waited_for() {
        let (places, seats) = three().await;
        for seat in &seats {
            assert!(seat.watch().request_begins());
        }
        let now = Instant::now();
        seats[0].watch().body_waits(now, 1_000_000, 1_000);
        assert!(!places.give_away(), "a thousand seconds ahead");
        seats[1].watch().body_waits(places.began, 0, 1_000);
        assert!(places.give_away());
        assert_eq!(given_away(&seats), [false, true, false]);
        seats[0].watch().goes_on();
        assert!(!places.give_away());
    }
}
