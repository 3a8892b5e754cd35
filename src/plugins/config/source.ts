/** The name of our plugins, and the one under which osqueryd knows our configuration. */
export const configSource = 'remote';
