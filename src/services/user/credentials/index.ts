// What the front door of the user service offers of credentials.
export { rehashPassword } from './credentials.commands.ts';
export { changedCredential, credentialIn, findCredentialOf, type Credential } from './credentials.queries.ts';
