package org.espalier.template;

import java.time.LocalDateTime;
import java.time.format.TextStyle;
import java.time.temporal.ChronoField;
import java.time.temporal.IsoFields;
import java.util.Locale;

/** Times as C's {@code strftime} writes them, in English. */
final class Strftime {

    private static final Locale LANGUAGE = Locale.ENGLISH;

    private Strftime() {}

    static String format(String format, LocalDateTime time) {
        StringBuilder out = new StringBuilder();
        int i = 0;
        while (i < format.length()) {
            char c = format.charAt(i);
            if (c != '%' || i + 1 >= format.length()) {
                out.append(c);
                i++;
                continue;
            }
            char flag = format.charAt(i + 1);
            boolean flagged = "-_0^#".indexOf(flag) >= 0 && i + 2 < format.length();
            char field = flagged ? format.charAt(i + 2) : flag;
            String text = field(field, time);
            out.append(
                    text == null ? format.substring(i, i + (flagged ? 3 : 2)) : flagged ? flagged(text, flag) : text);
            i += flagged ? 3 : 2;
        }
        return out.toString();
    }

    /** Without zeros, with blanks instead of them, or in capitals. */
    private static String flagged(String text, char flag) {
        String bare = text.replaceFirst("^[0 ]+(?=\\d)", "");
        return switch (flag) {
            case '-' -> bare;
            case '_' -> " ".repeat(text.length() - bare.length()) + bare;
            case '0' -> "0".repeat(text.length() - bare.length()) + bare;
            default -> text.toUpperCase(LANGUAGE);
        };
    }

    private static String field(char field, LocalDateTime time) {
        return switch (field) {
            case 'a' -> time.getDayOfWeek().getDisplayName(TextStyle.SHORT, LANGUAGE);
            case 'A' -> time.getDayOfWeek().getDisplayName(TextStyle.FULL, LANGUAGE);
            case 'b', 'h' -> time.getMonth().getDisplayName(TextStyle.SHORT, LANGUAGE);
            case 'B' -> time.getMonth().getDisplayName(TextStyle.FULL, LANGUAGE);
            case 'c' -> format("%a %b %e %H:%M:%S %Y", time);
            case 'C' -> digits(2, time.getYear() / 100);
            case 'd' -> digits(2, time.getDayOfMonth());
            case 'D', 'x' -> format("%m/%d/%y", time);
            case 'e' -> String.format(Locale.ROOT, "%2d", time.getDayOfMonth());
            case 'f' -> digits(6, time.getNano() / 1000);
            case 'F' -> format("%Y-%m-%d", time);
            case 'g' -> digits(2, time.get(IsoFields.WEEK_BASED_YEAR) % 100);
            case 'G' -> String.valueOf(time.get(IsoFields.WEEK_BASED_YEAR));
            case 'H' -> digits(2, time.getHour());
            case 'I' -> digits(2, time.get(ChronoField.CLOCK_HOUR_OF_AMPM));
            case 'j' -> digits(3, time.getDayOfYear());
            case 'k' -> String.format(Locale.ROOT, "%2d", time.getHour());
            case 'l' -> String.format(Locale.ROOT, "%2d", time.get(ChronoField.CLOCK_HOUR_OF_AMPM));
            case 'm' -> digits(2, time.getMonthValue());
            case 'M' -> digits(2, time.getMinute());
            case 'n' -> "\n";
            case 'p' -> time.getHour() < 12 ? "AM" : "PM";
            case 'P' -> time.getHour() < 12 ? "am" : "pm";
            case 'r' -> format("%I:%M:%S %p", time);
            case 'R' -> format("%H:%M", time);
            case 'S' -> digits(2, time.getSecond());
            case 't' -> "\t";
            case 'T', 'X' -> format("%H:%M:%S", time);
            case 'u' -> String.valueOf(time.getDayOfWeek().getValue());
            case 'U' -> digits(2, (time.getDayOfYear() + 6 - time.getDayOfWeek().getValue() % 7) / 7);
            case 'V' -> digits(2, time.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR));
            case 'w' -> String.valueOf(time.getDayOfWeek().getValue() % 7);
            case 'W' ->
                digits(2, (time.getDayOfYear() + 6 - (time.getDayOfWeek().getValue() + 6) % 7) / 7);
            case 'y' -> digits(2, time.getYear() % 100);
            case 'Y' -> String.valueOf(time.getYear());
            // The time has no zone.
            case 'z', 'Z' -> "";
            case '%' -> "%";
            default -> null;
        };
    }

    private static String digits(int count, int number) {
        return String.format(Locale.ROOT, "%0" + count + "d", number);
    }
}
