//! How many requests were sent, by operation.

use std::collections::BTreeMap;

/// Requests by operation, as `ec2:DescribeVpcs`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallCounts {
    looks: BTreeMap<&'static str, u64>,
    changes: BTreeMap<&'static str, u64>,
}

impl CallCounts {
    /// Notes a request that only looks.
    pub fn looked(&mut self, operation: &'static str) {
        *self.looks.entry(operation).or_default() += 1;
    }

    /// Notes a request that may change something.
    pub fn changed(&mut self, operation: &'static str) {
        *self.changes.entry(operation).or_default() += 1;
    }

    /// Adds the requests of another cloud.
    pub fn add(&mut self, other: &Self) {
        for (own, others) in [(&mut self.looks, &other.looks), (&mut self.changes, &other.changes)]
        {
            for (operation, count) in others {
                *own.entry(operation).or_default() += count;
            }
        }
    }

    /// How many only looked.
    pub fn reads(&self) -> u64 {
        self.looks.values().sum()
    }

    /// How many may have changed something.
    pub fn writes(&self) -> u64 {
        self.changes.values().sum()
    }

    /// All operations in order of their names.
    pub fn operations(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let mut all = self.looks.clone();
        all.extend(&self.changes);
        all.into_iter()
    }
}
