use std::fmt;

/// argon2id of a [`SignInCode`](super::SignInCode), with the pepper as its secret input.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CodeHash(pub [u8; 32]);

/// The random salt of a code's hash, new for each code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeSalt(pub [u8; 16]);

/// A code as the database stores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedCode {
    pub hash: CodeHash,
    pub salt: CodeSalt,
}

impl fmt::Debug for CodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeHash(……)")
    }
}
