/** The version that the stand-in says it is: that of the osqueryd whose traces it follows. */
export const osqueryVersion = '5.23.0-38-ga5b14f63d';
