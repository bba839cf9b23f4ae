//! JSON Web Keys and signed tokens: key sets, signing, checking. What OpenID Connect, OAuth 2 and ModI share.
