//! The kit that nfplan's tests are written with.
