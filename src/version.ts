/** This product, as servers, logs and osqueryd see it. A test holds it equal to `package.json`. */
export const productVersion = '0.1.0';
