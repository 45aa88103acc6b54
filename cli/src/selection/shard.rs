//! Parts of a fleet, for runners that share it without talking to each other.

use std::fmt;
use std::str::FromStr;

use nfplan_engine::address::Place;
use nfplan_engine::digest::Digest;

/// One of several parts of a fleet, written `2/8`. A part has accounts and regions whole, because
/// whoever plans one of them looks at everything in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    number: u32,
    of: u32,
}

/// No part of a fleet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no part of a fleet: write I/N with I from 1 to N, as 2/8")]
pub struct NoShard(String);

impl Shard {
    /// Whether a place is in this part. It is in one of all, and stays there whatever other places
    /// come and go. With another number of parts as few places move as can be: each has a rank in
    /// every part, and is where that is highest (rendezvous hashing).
    pub fn has(self, place: &Place) -> bool {
        let rank = |number: u32| Digest::of_bytes(format!("{place} {number}").as_bytes());
        (1..=self.of).max_by_key(|number| rank(*number)) == Some(self.number)
    }
}

impl FromStr for Shard {
    type Err = NoShard;

    fn from_str(text: &str) -> Result<Self, NoShard> {
        let parts = text.split_once('/').and_then(|(number, of)| {
            let whole = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            (whole(number) && whole(of)).then_some(())?;
            Some(Self { number: number.parse().ok()?, of: of.parse().ok()? })
        });
        let shard = parts.filter(|shard| (1..=shard.of).contains(&shard.number));
        shard.ok_or_else(|| NoShard(text.into()))
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(count: u64) -> Vec<Place> {
        let place = |number: u64| format!("{:012}.us-east-1", 100_000_000_000 + number * 7_919);
        (0..count).map(|number| place(number).parse().unwrap()).collect()
    }

    fn part_of(place: &Place, of: u32) -> u32 {
        let parts: Vec<u32> =
            (1..=of).filter(|number| Shard { number: *number, of }.has(place)).collect();
        let [part] = parts[..] else { panic!("{place} is in the parts {parts:?} of {of}") };
        part
    }

    #[test]
    fn each_place_is_in_one_part() {
        for of in 1..=20 {
            places(50).iter().for_each(|place| assert!((1..=of).contains(&part_of(place, of))));
        }
    }

    /// Where places are is as good as published: runners of other versions count on it.
    #[test]
    fn places_stay_where_they_are_for_ever() {
        let parts: Vec<u32> = places(12).iter().map(|place| part_of(place, 5)).collect();
        assert_eq!(parts, [2, 4, 1, 5, 1, 4, 2, 4, 5, 1, 2, 2]);
    }

    #[test]
    fn one_part_more_takes_its_share_and_moves_nothing_else() {
        let places = places(400);
        for of in 1..8 {
            let moved = places.iter().filter(|place| part_of(place, of) != part_of(place, of + 1));
            let moved: Vec<u32> = moved.map(|place| part_of(place, of + 1)).collect();
            assert!(moved.iter().all(|part| *part == of + 1), "{of}: {moved:?}");
        }
    }

    #[test]
    fn parts_are_of_like_size() {
        let mut sizes = [0; 8];
        for place in places(250) {
            sizes[part_of(&place, 8) as usize - 1] += 1;
        }
        // On average 31.25, with a standard deviation of 5.2.
        assert!(sizes.iter().all(|size| (16..=47).contains(size)), "{sizes:?}");
    }

    #[test]
    fn what_is_no_part_is_refused() {
        for text in
            ["", "1", "/", "0/3", "4/3", "1/0", "-1/3", "+1/3", "1/3/5", "a/b", "1/99999999999"]
        {
            let said = text.parse::<Shard>().unwrap_err().to_string();
            assert!(said.starts_with(&format!("`{text}` is no part of a fleet")), "{said}");
        }
        assert_eq!("2/8".parse::<Shard>().unwrap().to_string(), "2/8");
    }
}
