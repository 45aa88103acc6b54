//! Who may do what, decided offline: an evaluator of exactly the policy language that nfplan writes.
//!
//! The rules are those of the IAM user guide ("Policy evaluation logic", "Condition operators"): a
//! denial that applies wins; otherwise something has to allow; otherwise the answer is no. What lies
//! outside of the language (`NotAction`, other operators, policy variables) and what nobody has told
//! (a condition key without a value) is never taken for a yes or for a no: the answer is then
//! *unknown*, and says what it hangs on.
//!
//! | subject | module |
//! |---|---|
//! | texts with wildcards, and with values that the cloud has yet to make | [`text`] |
//! | a policy document, read from what a plan holds | [`document`] |
//! | whether a condition holds | [`condition`] |
//! | one request, one answer, and the statement that decides | [`decision`] |
//! | whether any request at all leads from one researcher to another's things | [`search`], [`isolation`] |

pub mod condition;
pub mod decision;
pub mod document;
pub mod isolation;
pub mod search;
pub mod text;
pub mod widening;
