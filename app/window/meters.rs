//! Rates and typical times over the last moments, for the `?` overlay.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How far back a rate looks.
const RATE_WINDOW: Duration = Duration::from_secs(2);
/// How many times a typical time looks at.
const TIMES_KEPT: usize = 60;

/// Events a second, over the last two seconds.
#[derive(Debug, Default)]
pub struct Rate {
    at: VecDeque<Instant>,
}

impl Rate {
    pub fn count(&mut self, now: Instant) {
        self.at.push_back(now);
        self.forget(now);
    }

    /// 0 until there are two events.
    pub fn per_second(&mut self, now: Instant) -> f64 {
        self.forget(now);
        match (self.at.front(), self.at.len()) {
            (Some(first), count) if count > 1 => {
                (count - 1) as f64 / now.duration_since(*first).as_secs_f64().max(1e-3)
            }
            _ => 0.0,
        }
    }

    fn forget(&mut self, now: Instant) {
        while self.at.front().is_some_and(|first| now.duration_since(*first) > RATE_WINDOW) {
            self.at.pop_front();
        }
    }
}

/// The median of the last sixty times.
#[derive(Debug, Default)]
pub struct Typical {
    times: VecDeque<Duration>,
}

impl Typical {
    pub fn add(&mut self, time: Duration) {
        if self.times.len() == TIMES_KEPT {
            self.times.pop_front();
        }
        self.times.push_back(time);
    }

    #[must_use]
    pub fn median(&self) -> Duration {
        let mut sorted: Vec<Duration> = self.times.iter().copied().collect();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_rate_is_measured_and_forgotten() {
        let (mut rate, start) = (Rate::default(), Instant::now());
        for tick in 0..60 {
            rate.count(start + Duration::from_millis(tick * 40));
        }
        let now = start + Duration::from_millis(59 * 40);
        assert!((rate.per_second(now) - 25.0).abs() < 1.0, "{}", rate.per_second(now));
        assert_eq!(rate.per_second(now + Duration::from_secs(5)), 0.0);
    }

    #[test]
    fn one_slow_frame_does_not_move_the_typical_time() {
        let mut typical = Typical::default();
        assert_eq!(typical.median(), Duration::ZERO);
        for _ in 0..20 {
            typical.add(Duration::from_millis(30));
        }
        typical.add(Duration::from_secs(3));
        assert_eq!(typical.median(), Duration::from_millis(30));
    }
}
