use super::rules::{Limited, Rule};
use super::windows::Windows;
use crate::domain::{ClientIp, KnownBrowserId, NetworkSize, Timestamp};

/// Where a request comes from. A known browser has its own windows, so a stranger cannot use them up.
#[derive(Debug, Clone, Copy)]
pub enum Origin {
    Unknown(ClientIp),
    KnownBrowser(KnownBrowserId),
}

/// Sliding windows of networks of every size. A request counts for each network that contains its address.
pub struct NetworkWindows {
    /// In the order of [`NetworkSize::ALL`].
    by_size: [Windows; NetworkSize::ALL.len()],
}

impl NetworkWindows {
    /// At most `capacity` networks of each size are kept.
    pub fn new(rules: &[Rule], capacity: usize) -> Self {
        Self {
            by_size: NetworkSize::ALL.map(|size| {
                let rules: Vec<_> = rules.iter().filter_map(|rule| rule.at(size)).collect();
                Windows::new(rules, capacity)
            }),
        }
    }

    /// Counts a request, or refuses it when the window of one of its networks is full. A refused request counts
    /// nowhere.
    pub fn take(&self, origin: Origin, now: Timestamp) -> Result<(), Limited> {
        match origin {
            Origin::KnownBrowser(id) => self.of(NetworkSize::Narrow).take(&id, now),
            Origin::Unknown(ip) => ip.networks().try_for_each(|(size, network)| {
                self.of(size).take(&network, now).inspect_err(|_| {
                    let narrower = ip.networks().take_while(|(taken, _)| *taken != size);
                    narrower.for_each(|(size, network)| self.of(size).give_back(&network));
                })
            }),
        }
    }

    /// Uncounts the newest request.
    pub fn give_back(&self, origin: Origin) {
        match origin {
            Origin::KnownBrowser(id) => self.of(NetworkSize::Narrow).give_back(&id),
            Origin::Unknown(ip) => ip
                .networks()
                .for_each(|(size, network)| self.of(size).give_back(&network)),
        }
    }

    /// Forgets the networks whose windows are empty.
    pub fn sweep(&self, now: Timestamp) {
        self.by_size.iter().for_each(|windows| windows.sweep(now));
    }

    /// The number of networks of all sizes.
    pub fn len(&self) -> usize {
        self.by_size.iter().map(Windows::len).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    const fn of(&self, size: NetworkSize) -> &Windows {
        let [narrow, middle, wide] = &self.by_size;
        match size {
            NetworkSize::Narrow => narrow,
            NetworkSize::Middle => middle,
            NetworkSize::Wide => wide,
        }
    }
}
