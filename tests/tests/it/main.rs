//! What nfplan promises, judged from outside its crates.

mod star;
