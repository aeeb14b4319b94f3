//! The admin API: who can use it, and who can reach it.

use super::{AdviceCode, Adviser};

impl Adviser<'_> {
    pub(super) fn admin(&mut self) {
        let Some(admin) = &self.config.admin else { return };
        if admin.tokens.is_empty() && admin.access.is_empty() {
            let problem = "there is neither a token nor an application of Access".to_owned();
            let why = "the secret `ADMIN_TOKEN` alone opens the API, and whoever has it may do \
                       everything under one name";
            self.advise("admin", AdviceCode::W117, problem, why);
        }
        if admin.on_service_hosts {
            let problem = "the admin API answers at the hosts of services".to_owned();
            let why = "your customers can reach it there, and a page of theirs is of its site";
            self.advise("admin.on_service_hosts", AdviceCode::W120, problem, why);
        }
        for (index, token) in admin.tokens.iter().enumerate() {
            let before = admin.tokens.iter().take(index);
            if before.into_iter().any(|other| other.id == token.id) {
                let problem = format!("`{}` has two tokens", token.id);
                let path = format!("admin.tokens[{index}]");
                let why = "both are valid until one is taken out";
                self.advise(&path, AdviceCode::W121, problem, why);
            }
        }
    }
}
