//! The OAuth 2 authorisation server: SMART App Launch, SMART Backend Services, PDND vouchers.
