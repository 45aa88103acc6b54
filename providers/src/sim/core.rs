//! All accounts of a simulated cloud, with their logs, faults and the list of calls.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

use nfplan_engine::address::AccountId;
use nfplan_engine::address::Place;

use crate::sim::calls::CallLog;
use crate::sim::clock;
use crate::sim::cloud::Cloud;
use crate::sim::cloud::Effects;
use crate::sim::faults::Faults;
use crate::sim::log::Log;
use crate::sim::log::SimError;
use crate::sim::scene::Scene;
use crate::sim::settings::Settings;

/// Everything that a simulated cloud is.
#[derive(Debug)]
pub(crate) struct Core {
    folder: Option<PathBuf>,
    /// Where relative paths of credentials files begin.
    pub(crate) disk: PathBuf,
    accounts: BTreeMap<AccountId, Account>,
    pub(crate) faults: Faults,
    pub(crate) calls: CallLog,
    pub(crate) settings: Settings,
}

#[derive(Debug, Default)]
struct Account {
    cloud: Cloud,
    log: Option<Log>,
}

impl Core {
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        Self {
            folder,
            disk: PathBuf::new(),
            accounts: BTreeMap::new(),
            faults: Faults::default(),
            calls: CallLog::default(),
            settings: Settings::new(),
        }
    }

    /// The same accounts, in memory.
    pub(crate) fn fork(&self) -> Self {
        let copy = |account: &Account| Account { cloud: account.cloud.clone(), log: None };
        let accounts = self.accounts.iter().map(|(id, account)| (id.clone(), copy(account)));
        Self {
            disk: self.disk.clone(),
            accounts: accounts.collect(),
            settings: self.settings.clone(),
            ..Self::new(None)
        }
    }

    /// The account's objects, as last refreshed.
    pub(crate) fn cloud(&self, account: &AccountId) -> &Cloud {
        &self.accounts[account].cloud
    }

    pub(crate) fn scene<'a>(&'a self, place: &'a Place) -> Scene<'a> {
        Scene::new(self.cloud(&place.account), place, &self.settings)
    }

    /// Takes in what other processes changed.
    pub(crate) fn refresh(&mut self, account: &AccountId) -> Result<(), SimError> {
        let is_new = !self.accounts.contains_key(account);
        let folder = self.folder.as_deref();
        let open = || Account {
            cloud: Cloud::default(),
            log: folder.map(|folder| Log::new(folder, account.as_str())),
        };
        if let Some(folder) = folder.filter(|_| is_new) {
            self.settings.deny(account, denied_in(folder, account)?);
        }
        let account = self.accounts.entry(account.clone()).or_insert_with(open);
        let Some(log) = &mut account.log else { return Ok(()) };
        for effects in log.read_tail()? {
            account.cloud.apply(effects);
        }
        if is_new && account.cloud.clock() > 0 {
            // Between two runs time passes, so what a killed one waited for comes about.
            account.cloud.advance(account.cloud.clock() + clock::REQUEST_DEADLINE);
        }
        Ok(())
    }

    /// Takes the account's lock, and takes in what other processes changed.
    pub(crate) fn lock(&mut self, account: &AccountId) -> Result<(), SimError> {
        self.refresh(account)?;
        if let Some(log) = self.account(account).log.as_mut() {
            log.lock()?;
        }
        self.refresh(account)
    }

    /// Makes what was changed durable and gives the lock back.
    pub(crate) fn release(&mut self, account: &AccountId) -> Result<(), SimError> {
        let account = self.account(account);
        let Some(log) = &mut account.log else { return Ok(()) };
        let (clock, counter) = (account.cloud.clock(), account.cloud.counter());
        if log.is_dirty() {
            // What the call waited for has come about for the next process too.
            log.append(&Effects { clock, counter, ..Effects::default() })?;
        }
        log.release()
    }

    /// Lets effects come about, in the log first.
    pub(crate) fn apply(&mut self, account: &AccountId, effects: Effects) -> Result<(), SimError> {
        let account = self.account(account);
        if let Some(log) = &mut account.log {
            log.append(&effects)?;
        }
        account.cloud.apply(effects);
        Ok(())
    }

    pub(crate) fn advance(&mut self, account: &AccountId, to: u64) {
        self.account(account).cloud.advance(to);
    }

    fn account(&mut self, account: &AccountId) -> &mut Account {
        self.accounts.get_mut(account).expect("an account is refreshed before it is used")
    }

    /// The objects of all accounts that exist: some names are taken for everybody.
    pub(crate) fn refresh_all(&mut self) -> Result<(), SimError> {
        for account in self.folder.as_deref().map(accounts_in).transpose()?.unwrap_or_default() {
            self.refresh(&account)?;
        }
        Ok(())
    }

    /// All accounts as last refreshed.
    pub(crate) fn clouds(&self) -> impl Iterator<Item = (&AccountId, &Cloud)> {
        self.accounts.iter().map(|(id, account)| (id, &account.cloud))
    }
}

/// The actions that an account in a folder denies: one on each line of a file, if it is there.
fn denied_in(folder: &Path, account: &AccountId) -> Result<BTreeSet<Box<str>>, SimError> {
    let path = folder.join(format!("{account}.denied"));
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(text.split_whitespace().map(Into::into).collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(source) => Err(SimError::File { path, source }),
    }
}

/// The accounts that have a log.
fn accounts_in(folder: &Path) -> Result<Vec<AccountId>, SimError> {
    let error = |source| SimError::File { path: folder.to_owned(), source };
    let mut accounts = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(error)? {
        let name = entry.map_err(error)?.file_name();
        let id = name.to_str().and_then(|name| name.strip_suffix(".log"));
        accounts.extend(id.and_then(|id| AccountId::new(id).ok()));
    }
    accounts.sort();
    Ok(accounts)
}
