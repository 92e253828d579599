package org.espalier.cli;

/** What options are for: the headings of a command's help, in the order in which they are shown. */
enum Topic {
    COMMON("Common options"),
    UNITS("What may go"),
    AMOUNT("How much goes"),
    SCORING("How units are scored"),
    CALIBRATION("Calibration texts"),
    COMPENSATION("How what is left makes up for what is gone"),
    SAMPLES("Training texts"),
    LEARNING("What learns, and from what"),
    TRAINING("How it is trained"),
    EVALUATION("Evaluation"),
    MACHINE("Devices, threads and memory"),
    GENERAL("General options");

    private final String heading;

    Topic(String heading) {
        this.heading = heading;
    }

    String heading() {
        return heading;
    }
}
