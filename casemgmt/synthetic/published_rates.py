"""Scottish rates of emergency admission or death within 12 months, among people with a recent contact.

From the published tables of SPARRA v4: three yearly cut-offs, 12,866,084 people and years, 1,142,169 events, of whom
977,159 were admitted and lived, 107,827 were admitted and died, and 57,183 died first.
"""

from __future__ import annotations

AGE_BANDS = ("0-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "70-79", "80-89", "90+")
RATE_BY_AGE_BAND = (0.06198, 0.04285, 0.05097, 0.05515, 0.06133, 0.07431, 0.09688, 0.1603, 0.29029, 0.45474)
RATE_BY_TENTH = (0.11268, 0.10722, 0.1014, 0.09421, 0.09135, 0.08453, 0.0802, 0.07414, 0.07148, 0.0629)
RATE = 0.0888
DEATHS_IN_EVENTS = (107_827 + 57_183) / 1_142_169
FIRST_IN_DEATHS = 57_183 / (107_827 + 57_183)  # died without having been admitted
NO_CONTACT = 0.26  # of people had no recent contact
