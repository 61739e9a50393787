import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A new token, and the hash of it that the cluster keeps: 32 random bytes and their SHA-256, both base64url. */
export function newResumeToken(): { token: string; hash: string } {
  const token = randomBytes(32).toString('base64url');
  return { token, hash: hashResumeToken(token) };
}

export function hashResumeToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/** Whether the token is the one with this hash, in a time that says nothing about how nearly. */
export function isTokenOf(token: string, hash: string): boolean {
  const [given, known] = [Buffer.from(hashResumeToken(token)), Buffer.from(hash)];
  return given.length === known.length && timingSafeEqual(given, known);
}
