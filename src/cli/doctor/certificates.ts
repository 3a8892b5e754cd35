import { X509Certificate } from 'node:crypto';

/** The certificates of a PEM file. @throws {Error} OpenSSL's words about the first one that cannot be read. */
export function certificatesIn(pem: string): X509Certificate[] {
  const blocks = pem.match(
    /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[\s\S]*?-----END (?:TRUSTED )?CERTIFICATE-----/g,
  );
  return (blocks ?? []).map((block) => new X509Certificate(block));
}

/** The common name, or the whole subject on one line when there is none. */
export function nameOf({ subject }: X509Certificate): string {
  return /^CN=(.*)$/m.exec(subject)?.[1] ?? subject.replaceAll('\n', ', ');
}

export function isExpired(certificate: X509Certificate, now = Date.now()): boolean {
  return Date.parse(certificate.validTo) < now;
}

export function isFuture(certificate: X509Certificate, now = Date.now()): boolean {
  return Date.parse(certificate.validFrom) > now;
}

/** `2026-01-31` */
export function day(date: string | Date): string {
  return new Date(date).toISOString().slice(0, 10);
}

/** Days that are left, less than 0 when it is over. */
export function daysLeft(validTo: string, now = Date.now()): number {
  return Math.floor((Date.parse(validTo) - now) / 86_400_000);
}

/** A certificate is renewed some weeks before its end, mostly. */
export const soonDays = 14;
